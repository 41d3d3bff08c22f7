//! Finds what a path names.
//!
//! Path words compare without regard to case; names keep the spelling of the request. `[client]`

use convoke_wire::{Scid, SessionName, SessionRef, TemplateName, uri};
use http::Uri;

use super::target::{Part, Target};
use super::{activities, people};
use crate::routes::session_queries::Among;

/// Finds what a path names.
pub fn resolve(uri: &Uri) -> Option<Target> {
    let segments = uri::segments(uri.path())?;
    let words: Vec<&str> = segments.iter().map(|segment| word(segment)).collect();
    let named = |position: usize| segments[position].to_string();
    match words.as_slice() {
        ["serviceconfigs", _, "sessiontemplates", rest @ ..] => {
            let scid: Scid = segments[1].parse().ok()?;
            let Some(template) = segments.get(3) else {
                return Some(Target::Templates(scid));
            };
            let template: TemplateName = template.parse().ok()?;
            match rest {
                [_] => Some(Target::Template(scid, template)),
                [_, of @ ("sessions" | "batch")] => among(scid, Some(template), of),
                [_, "sessions", _, part @ ..] => {
                    let name: SessionName = segments[5].parse().ok()?;
                    let reference = SessionRef {
                        scid,
                        template_name: template,
                        name,
                    };
                    session_target(reference, part, segments.last()?)
                }
                _ => None,
            }
        }
        ["serviceconfigs", _, of @ ("sessions" | "batch")] => {
            among(segments[1].parse().ok()?, None, of)
        }
        ["serviceconfigs", _, "hoppers", _, rest @ ..] => {
            let (scid, hopper) = (segments[1].parse().ok()?, named(3));
            match rest {
                [] => Some(Target::Hopper(scid, hopper)),
                ["stats"] => Some(Target::HopperStats(scid, hopper)),
                ["tickets", _] => Some(Target::Ticket(scid, hopper)),
                _ => None,
            }
        }
        ["handles"] => Some(Target::Handles),
        ["handles", "query"] => Some(Target::HandleQuery),
        ["handles", _] => Some(Target::Handle(named(1))),
        ["handles", _, "session"] => Some(Target::HandleSession(named(1))),
        ["users", _, "people"] => Some(Target::People(named(1))),
        ["system", "notifications", "endpoints"] => Some(Target::NotificationEndpoints),
        ["users", _, "inbox"] => Some(Target::Inbox(named(1))),
        ["users", _, "inbox", "subscriptions", "batch"] => Some(Target::InboxUpdates(named(1))),
        ["titles", _, rest @ ..] => activities::target(&segments[1..], rest),
        ["connect" | "socket"] => Some(Target::Connect),
        ["nonce"] => Some(Target::Nonce),
        ["users", _, "people", rest @ ..] => people::target(named(1), rest, &segments[3..]),
        ["users", _, "summary"] => Some(Target::Summary(named(1))),
        ["users", _, "profile", "settings", "people", _] => {
            Some(Target::Profiles(named(1), named(5)))
        }
        ["users", _, "settings"] => Some(Target::Settings(named(1))),
        ["users", _, "permission", "validate"] => Some(Target::Permission(named(1))),
        ["bulk", "users", _, "people", "friends", "v2"] => Some(Target::Friends(named(2))),
        ["healthz"] => Some(Target::Health),
        ["readyz"] => Some(Target::Ready),
        ["metrics"] => Some(Target::Metrics),
        ["docs", "errors.md"] => Some(Target::ErrorReference),
        ["openapi.json"] => Some(Target::OpenApi),
        _ => None,
    }
}

/// A word of the documented addresses as they are written here; anything else as it is.
fn word(segment: &str) -> &str {
    const WORDS: &[&str] = &[
        "serviceconfigs",
        "sessiontemplates",
        "sessions",
        "batch",
        "changes",
        "constants",
        "properties",
        "members",
        "me",
        "servers",
        "handles",
        "query",
        "session",
        "hoppers",
        "stats",
        "tickets",
        "users",
        "people",
        "favorites",
        "system",
        "notifications",
        "endpoints",
        "inbox",
        "subscriptions",
        "titles",
        "activities",
        "invites",
        "recentplayers",
        "recentplayergroups",
        "server",
        "connect",
        "socket",
        "nonce",
        "follower",
        "friends",
        "v2",
        "xuids",
        "avoid",
        "never",
        "mute",
        "decoration",
        "summary",
        "settings",
        "profile",
        "permission",
        "validate",
        "bulk",
        "healthz",
        "readyz",
        "metrics",
        "docs",
        "errors.md",
        "openapi.json",
    ];
    let known = WORDS.iter().find(|word| word.eq_ignore_ascii_case(segment));
    known.copied().unwrap_or(segment)
}

fn among(scid: Scid, template: Option<TemplateName>, of: &str) -> Option<Target> {
    let among = Among { scid, template };
    match of {
        "sessions" => Some(Target::Sessions(among)),
        "batch" => Some(Target::Batch(among)),
        _ => None,
    }
}

fn session_target(reference: SessionRef, words: &[&str], last: &str) -> Option<Target> {
    let part = match words {
        [] => return Some(Target::Session(reference)),
        ["changes"] => return Some(Target::Changes(reference)),
        ["constants"] => Part::Constants,
        ["properties"] => Part::Properties,
        ["members"] => Part::Members,
        ["members", "me"] => Part::Me,
        ["members", index] => Part::Member(
            index
                .parse()
                .ok()
                .filter(|i: &u32| i.to_string() == *index)?,
        ),
        ["servers"] => Part::Servers,
        ["servers", _] => Part::Server(last.to_owned()),
        _ => return None,
    };
    Some(Target::Part(reference, part))
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: &str = "/serviceconfigs/11111111-2222-3333-4444-555555555555/sessionTemplates";

    #[test]
    fn paths_lead_to_what_they_name() {
        let kind = |path: &str| {
            let uri: Uri = path.parse().expect(path);
            resolve(&uri).map(|target| match target {
                Target::Part(_, part) => format!("{part:?}"),
                other => format!("{other:?}")
                    .split(['(', ' '])
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
            })
        };
        let check = |path: &str, expected: Option<&str>| {
            assert_eq!(kind(path).as_deref(), expected, "{path}");
        };
        check(S, Some("Templates"));
        check(&format!("{S}/"), Some("Templates"));
        check(&format!("{S}/global(lfg)"), Some("Template"));
        check(&format!("{S}/t/SESSIONS/x"), Some("Session"));
        check(&format!("{S}/t/sessions/a~b"), None);
        check(&format!("{S}/t/sessions/a%20b"), None);
        check(&format!("{S}/t/sessions/a%2Fb"), None);
        check(&format!("{S}/t/sessions/x/Members/ME"), Some("Me"));
        check(&format!("{S}/t/sessions/x/Changes"), Some("Changes"));
        check(&format!("{S}/t/sessions/x/members/7"), Some("Member(7)"));
        check(&format!("{S}/t/sessions/x/members/07"), None);
        check(&format!("{S}/t/sessions/x/members/you"), None);
        check(
            &format!("{S}/t/sessions/x/servers/Matchmaking"),
            Some("Server(\"Matchmaking\")"),
        );
        check(&format!("{S}/t/Sessions"), Some("Sessions"));
        check(&format!("{S}/t/batch"), Some("Batch"));
        check(&format!("{S}/t/batch/x"), None);
        check("//handles//query", Some("HandleQuery"));
        check("/handles/x/session", Some("HandleSession"));
        check("/handles/x/session/properties", None);
        let c = S.trim_end_matches("/sessionTemplates");
        check(&format!("{c}/sessions"), Some("Sessions"));
        check(&format!("{c}/Batch"), Some("Batch"));
        check(&format!("{c}/sessions/x"), None);
        check(&format!("{c}/Hoppers/h"), Some("Hopper"));
        check(&format!("{c}/hoppers/h/stats"), Some("HopperStats"));
        check(&format!("{c}/hoppers/h/Tickets/1"), Some("Ticket"));
        check(&format!("{c}/hoppers"), None);
        check("/serviceconfigs/none/hoppers/h", None);
        check("/users/me/people/xuid(1)", Some("Person"));
        check("/users/me/people/xuid%281%29", Some("Person"));
        check("/users/me/people/favorites/xuid(1)", Some("Favorite"));
        check("/users/me/people/XUIDS", Some("SomePeople"));
        check("/users/me/people/xuids(1)", Some("Hub"));
        check("/users/me/people/friends", Some("Hub"));
        check("/users/me/people/friends/V2/xuid(1)", Some("Friend"));
        check("/users/me/people/friends/v3/xuid(1)", None);
        check("/users/me/people/social/decoration/detail", Some("Hub"));
        check("/users/me/people/xuid(1)/decoration/detail", None);
        check("/users/me/people/Mute", Some("Private"));
        check("/users/me/people/follower/xuid(1)", Some("Follower"));
        check("/bulk/users/me/people/friends/v2", Some("Friends"));
        check("/users/me/permission/validate", Some("Permission"));
        check("/users/me/permission", None);
        check("/users/me/profile/settings/people/People", Some("Profiles"));
        check("/users/me/profile/settings/people", None);
        check("/Titles/777/Invites", Some("Activity"));
        check("/titles/777/invites/Server", Some("Activity"));
        check("/titles/777/invites/client", None);
        check("/titles/x/invites", None);
        check("/titles/777/Users/1001/Activities", Some("Activity"));
        check("/titles/777/users/1001", None);
        check("/titles/777/activities", None);
        check("/titles/777/activities/QUERY", Some("Activity"));
        check("/titles/777/recentPlayers/server", Some("Activity"));
        check("/titles/777/recentPlayerGroups", None);
        check(
            "/System/Notifications/Endpoints",
            Some("NotificationEndpoints"),
        );
        check("/%ff", None);
    }
}
