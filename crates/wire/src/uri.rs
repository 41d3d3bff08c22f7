//! Paths that the service writes into headers and documents, and the reading of path words.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::ids::{HandleId, IdError, SessionRef, Xuid};

/// The path of a session: exactly six segments. `[client]`
///
/// Session and template names hold nothing that would need escaping.
pub fn session_path(reference: &SessionRef) -> String {
    format!(
        "/serviceconfigs/{}/sessiontemplates/{}/sessions/{}",
        reference.scid, reference.template_name, reference.name
    )
}

/// Reads the path of a session, as `Content-Location` has it. `[client]`
///
/// A whole URL is read too; the words of the path have no letter case.
pub fn parse_session_path(location: &str) -> Option<SessionRef> {
    let path = match location.split_once("://") {
        Some((_, rest)) => &rest[rest.find('/')?..],
        None => location,
    };
    let path = path.split(['?', '#']).next()?;
    let segments = segments(path)?;
    let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    match segments.as_slice() {
        [configs, scid, templates, template, sessions, name]
            if configs.eq_ignore_ascii_case("serviceconfigs")
                && templates.eq_ignore_ascii_case("sessiontemplates")
                && sessions.eq_ignore_ascii_case("sessions") =>
        {
            Some(SessionRef {
                scid: scid.parse().ok()?,
                template_name: template.parse().ok()?,
                name: name.parse().ok()?,
            })
        }
        _ => None,
    }
}

/// The path of a handle.
pub fn handle_path(id: HandleId) -> String {
    format!("/handles/{}", id.hyphenated())
}

/// A user as paths name one. `[doc]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserSegment {
    /// `me`: the acting user.
    Me,
    /// `xuid(123)`.
    Xuid(Xuid),
    /// `gt(name)`.
    Gamertag(String),
}

impl UserSegment {
    /// Reads one decoded path segment.
    pub fn parse(segment: &str) -> Result<Self, IdError> {
        if segment.eq_ignore_ascii_case("me") {
            return Ok(Self::Me);
        }
        let inner = |word: &str| {
            let head = segment.get(..word.len())?;
            let rest = head
                .eq_ignore_ascii_case(word)
                .then(|| &segment[word.len()..])?;
            rest.strip_prefix('(')?.strip_suffix(')')
        };
        if let Some(digits) = inner("xuid") {
            return digits.parse().map(Self::Xuid);
        }
        if let Some(name) = inner("gt").filter(|name| !name.is_empty()) {
            return Ok(Self::Gamertag(name.to_owned()));
        }
        Err(IdError::new(
            "`me`, `xuid(<decimal>)` or `gt(<gamertag>)`",
            segment,
        ))
    }
}

/// Splits a raw path into its decoded segments; empty ones are dropped.
///
/// Each segment is decoded once, so `%2F` is part of a segment and never separates.
/// `None` when an escape does not decode to UTF-8.
pub fn segments(path: &str) -> Option<Vec<Cow<'_, str>>> {
    let written = path.split('/').filter(|segment| !segment.is_empty());
    if !path.contains('%') {
        return Some(written.map(Cow::Borrowed).collect());
    }
    let decoded = written.map(|segment| percent_decode_str(segment).decode_utf8().ok());
    decoded.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_segments_are_read_as_documented() {
        let check = |text: &str, expected: Option<UserSegment>| {
            assert_eq!(UserSegment::parse(text).ok(), expected, "{text}");
        };
        check("me", Some(UserSegment::Me));
        check("xuid(12)", Some(UserSegment::Xuid(Xuid(12))));
        check("XUID(12)", Some(UserSegment::Xuid(Xuid(12))));
        check(
            "gt(Major Nelson)",
            Some(UserSegment::Gamertag("Major Nelson".to_owned())),
        );
        check("xuid(abc)", None);
        check("xuid(12", None);
        check("12", None);
        check("é", None);
    }

    #[test]
    fn session_paths_are_read_back_with_or_without_a_host() {
        let reference = SessionRef {
            scid: "11111111-2222-3333-4444-555555555555"
                .parse()
                .expect("valid"),
            template_name: "global(lfg)".parse().expect("valid"),
            name: "a.1".parse().expect("valid"),
        };
        let path = session_path(&reference);
        for location in [
            path.clone(),
            format!("https://sessiondirectory.xboxlive.com{path}?a=b"),
            path.replace("sessiontemplates", "sessionTemplates"),
            path.replace("(lfg)", "%28lfg%29"),
        ] {
            assert_eq!(
                parse_session_path(&location).as_ref(),
                Some(&reference),
                "{location}"
            );
        }
        for other in [
            "",
            "/",
            "https://a",
            &path[1..20],
            &format!("{path}/members"),
        ] {
            assert_eq!(parse_session_path(other), None, "{other}");
        }
    }

    #[test]
    fn segments_are_decoded_once() {
        assert_eq!(
            segments("/a//b%2Fc/%2541/"),
            Some(vec!["a".into(), "b/c".into(), "%41".into()])
        );
        assert_eq!(segments("/%ff"), None);
    }
}
