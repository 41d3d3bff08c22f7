//! Paths: split into segments, and led to what they name.

use convoke_server::router::{ActivityAddress, Part, Target, resolve};
use convoke_wire::uri::{UserSegment, segments, session_path};
use http::Uri;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// A path: its segments come back from their encoding, its words have no letter case, and what it
/// names has an address that leads to the same.
pub fn path(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Some(found) = segments(&text) {
        let parts: Vec<String> = found.iter().map(|segment| encoded(segment)).collect();
        let joined = format!("/{}/", parts.join("//"));
        assert_eq!(segments(&joined).as_ref(), Some(&found), "{joined}");
        for segment in &found {
            check_user(segment);
        }
    }
    let Ok(uri) = text.parse::<Uri>() else {
        return;
    };
    let Some(target) = resolve(&uri) else {
        return;
    };
    let Some(address) = address(&target) else {
        return;
    };
    let uri: Uri = address.parse().expect("an address is a URI");
    assert_eq!(resolve(&uri).as_ref(), Some(&target), "{address}");
    // In capitals only the names in it mean something else.
    let shouted: Uri = address
        .to_ascii_uppercase()
        .parse()
        .expect("an address is a URI");
    assert!(resolve(&shouted).is_some(), "{shouted}");
}

fn encoded(segment: &str) -> String {
    utf8_percent_encode(segment, NON_ALPHANUMERIC).to_string()
}

fn check_user(segment: &str) {
    match UserSegment::parse(segment) {
        Ok(UserSegment::Me) => assert!(segment.eq_ignore_ascii_case("me")),
        Ok(UserSegment::Xuid(xuid)) => {
            let canonical = UserSegment::parse(&format!("xuid({xuid})"));
            assert_eq!(canonical, Ok(UserSegment::Xuid(xuid)));
        }
        Ok(UserSegment::Gamertag(name)) => assert!(!name.is_empty()),
        Err(error) => assert!(error.found.chars().count() <= 120),
    }
}

/// The address of what a path names, where there is a name in it.
fn address(target: &Target) -> Option<String> {
    Some(match target {
        Target::Templates(scid) => format!("/serviceconfigs/{scid}/sessiontemplates"),
        Target::Template(scid, name) => format!("/serviceconfigs/{scid}/sessiontemplates/{name}"),
        Target::Session(at) => {
            let path = session_path(at);
            // Clients take it apart by counting. `[client]`
            assert_eq!(segments(&path).map(|all| all.len()), Some(6), "{path}");
            path
        }
        Target::Part(at, part) => format!("{}/{}", session_path(at), part_words(part)),
        Target::Hopper(scid, hopper) => {
            format!("/serviceconfigs/{scid}/hoppers/{}", encoded(hopper))
        }
        Target::HopperStats(scid, hopper) => {
            format!("/serviceconfigs/{scid}/hoppers/{}/stats", encoded(hopper))
        }
        Target::Handle(id) => format!("/handles/{}", encoded(id)),
        Target::HandleSession(id) => format!("/handles/{}/session", encoded(id)),
        Target::People(owner) => format!("/users/{}/people", encoded(owner)),
        Target::Person(owner, person) => {
            format!("/users/{}/people/{}", encoded(owner), encoded(person))
        }
        Target::Favorite(owner, person) => {
            let (owner, person) = (encoded(owner), encoded(person));
            format!("/users/{owner}/people/favorites/{person}")
        }
        Target::Activity(title_id, ActivityAddress::Of(user)) => {
            format!("/titles/{title_id}/users/{}/activities", encoded(user))
        }
        _ => return None,
    })
}

fn part_words(part: &Part) -> String {
    match part {
        Part::Constants => "constants".to_owned(),
        Part::Properties => "properties".to_owned(),
        Part::Members => "members".to_owned(),
        Part::Me => "members/me".to_owned(),
        Part::Member(index) => format!("members/{index}"),
        Part::Servers => "servers".to_owned(),
        Part::Server(name) => format!("servers/{}", encoded(name)),
    }
}
