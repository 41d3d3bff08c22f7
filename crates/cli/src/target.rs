//! How the command line names a session.

use std::str::FromStr;

use convoke_wire::ids::{HandleId, IdError, Scid, SessionName, SessionRef, TemplateName};
use convoke_wire::uri::{handle_path, segments, session_path};
use serde_json::{Value, json};
use uuid::Uuid;

/// What a session may be called, for messages.
const FORMS: &str = "expected <scid>/<template>/<name>, a path like \
    /serviceconfigs/<scid>/sessiontemplates/<template>/sessions/<name>, or handle:<GUID>; \
    for example 00000000-0000-4000-8000-00000000c0de/lobby/game1";

/// Where a session is read and written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// By its own name.
    Session(SessionRef),
    /// Through a handle.
    Handle(HandleId),
    /// By a path as it is, such as an element of a session.
    Path(String),
}

impl Target {
    /// The path to ask for.
    pub(crate) fn path(&self) -> String {
        match self {
            Self::Session(reference) => session_path(reference),
            Self::Handle(id) => format!("{}/session", handle_path(*id)),
            Self::Path(path) => path.clone(),
        }
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(id) = text.strip_prefix("handle:") {
            return handle_id(id).map(Self::Handle);
        }
        if text.starts_with('/') {
            let first = segments(text).and_then(|all| all.into_iter().next());
            let known = first.is_some_and(|first| {
                ["serviceconfigs", "handles"]
                    .iter()
                    .any(|word| first.eq_ignore_ascii_case(word))
            });
            return if known {
                Ok(Self::Path(text.to_owned()))
            } else {
                Err(FORMS.to_owned())
            };
        }
        let NamedSession { reference, name } = text.parse()?;
        let Some(name) = name else {
            return Err(format!("the session's name is missing; {FORMS}"));
        };
        Ok(Self::Session(SessionRef {
            scid: reference.0,
            template_name: reference.1,
            name,
        }))
    }
}

/// A session that a handle leads to; the service makes up a missing name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedSession {
    reference: (Scid, TemplateName),
    name: Option<SessionName>,
}

impl NamedSession {
    /// As `sessionRef` has it.
    pub(crate) fn to_json(&self) -> Value {
        let (scid, template) = &self.reference;
        let mut reference = json!({"scid": scid.as_str(), "templateName": template.as_str()});
        if let Some(name) = &self.name {
            reference["name"] = json!(name.as_str());
        }
        reference
    }
}

impl FromStr for NamedSession {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.trim_matches('/').split('/').collect();
        let (scid, template, name) = match parts.as_slice() {
            [scid, template] => (scid, template, None),
            [scid, template, name] => (scid, template, Some(name)),
            [configs, scid, templates, template, sessions, name]
                if configs.eq_ignore_ascii_case("serviceconfigs")
                    && templates.eq_ignore_ascii_case("sessiontemplates")
                    && sessions.eq_ignore_ascii_case("sessions") =>
            {
                (scid, template, Some(name))
            }
            _ => return Err(FORMS.to_owned()),
        };
        let explain = |error: IdError| format!("{error}; {FORMS}");
        Ok(Self {
            reference: (
                scid.parse().map_err(explain)?,
                template.parse().map_err(explain)?,
            ),
            name: name.map(|name| name.parse().map_err(explain)).transpose()?,
        })
    }
}

/// Reads the id of a handle, with or without `handle:` before it.
pub(crate) fn handle_id(text: &str) -> Result<HandleId, String> {
    let id = text.strip_prefix("handle:").unwrap_or(text);
    Uuid::try_parse(id).map_err(|_| {
        format!(
            "`{id}` is no handle; expected a GUID such as 9d1bb6a1-6c5c-4b39-8a70-2f4a1d1f8d0e, \
             as `id` in the answer of `convoke handle create`"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCID: &str = "11111111-2222-3333-4444-555555555555";
    const ID: &str = "9d1bb6a1-6c5c-4b39-8a70-2f4a1d1f8d0e";

    #[test]
    fn every_form_leads_to_a_path() {
        let check = |text: &str, expected: &str| {
            assert_eq!(text.parse::<Target>().expect(text).path(), expected);
        };
        let session = format!("/serviceconfigs/{SCID}/sessiontemplates/lobby/sessions/a");
        check(&format!("{SCID}/lobby/a"), &session);
        check(&session, &session);
        let element = format!("{session}/members/me");
        check(&element, &element);
        check(&format!("handle:{ID}"), &format!("/handles/{ID}/session"));
        let through = format!("/handles/{ID}/session");
        check(&through, &through);
    }

    #[test]
    fn other_forms_are_explained_with_an_example() {
        for text in [
            "",
            "a",
            "/sessions/a",
            "x/lobby/a",
            "lobby/a",
            &format!("{SCID}/lobby"),
            &format!("{SCID}/lo bby/a"),
            &format!("{SCID}/lobby/a~b"),
        ] {
            let error = text.parse::<Target>().expect_err(text);
            assert!(error.contains("for example"), "{error}");
        }
        assert!(
            "handle:1"
                .parse::<Target>()
                .expect_err("short")
                .contains("GUID")
        );
    }

    #[test]
    fn a_handle_may_leave_the_name_to_the_service() {
        let check = |text: &str, expected: Value| {
            assert_eq!(
                text.parse::<NamedSession>().expect(text).to_json(),
                expected
            );
        };
        check(
            &format!("{SCID}/lobby"),
            json!({"scid": SCID, "templateName": "lobby"}),
        );
        let whole = json!({"scid": SCID, "templateName": "lobby", "name": "a"});
        check(&format!("{SCID}/lobby/a"), whole.clone());
        check(
            &format!("/serviceConfigs/{SCID}/sessionTemplates/lobby/sessions/a"),
            whole,
        );
    }
}
