//! The addresses of activities without a session.

use crate::openapi::Operation;

const WRITE: &[u16] = &[400, 401, 404, 408, 413, 415, 429, 503];
const READ: &[u16] = &[400, 401, 404, 429, 503];
const OWN: &str = "/titles/{title_id}/users/{xuid}/activities";

pub(super) fn operations() -> Vec<Operation> {
    let add = |path: &str, verb, summary, takes, gives, refuses| {
        Operation::new(path, verb, "activities", summary, takes, gives, refuses)
    };
    let mut all = vec![
        add(
            OWN,
            "get",
            "Reads what a user does in a title; 204 for nothing",
            None,
            &[(200, "Activity"), (204, "")],
            READ,
        ),
        add(
            OWN,
            "put",
            "Says what a user does in a title; a request that comes late is passed over",
            Some("SetActivity"),
            &[(204, "")],
            WRITE,
        ),
        add(
            OWN,
            "delete",
            "Says that a user does nothing in a title any more; without a body, whatever came before",
            Some("DeleteActivity"),
            &[(204, "")],
            WRITE,
        ),
        add(
            "/titles/{title_id}/activities/query",
            "post",
            "Finds what some users do in a title",
            Some("ActivityQuery"),
            &[(200, "ActivityResults")],
            WRITE,
        ),
    ];
    let (meets, invites) = (
        "Adds to the lists of whom users have met in play",
        "Invites to an activity: the invited who listen are told over their websockets",
    );
    for (address, takes, summary) in [
        ("recentplayers", "RecentPlayers", meets),
        ("recentplayers/server", "ServerRecentPlayers", meets),
        ("recentplayergroups/server", "RecentPlayerGroups", meets),
        ("invites", "ActivityInvites", invites),
        ("invites/server", "ActivityServerInvites", invites),
    ] {
        let path = format!("/titles/{{title_id}}/{address}");
        all.push(add(
            &path,
            "post",
            summary,
            Some(takes),
            &[(204, "")],
            WRITE,
        ));
    }
    all
}
