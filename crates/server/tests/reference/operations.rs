//! The addresses that are served, with what they take, give and refuse: the table of `openapi`.

use crate::openapi::Operation;

mod activities;
mod session_queries;

pub(crate) const CONFIG: &str = "/serviceconfigs/{scid}";
pub(crate) const TEMPLATES: &str = "/serviceconfigs/{scid}/sessiontemplates";
pub(crate) const HOPPER: &str = "/serviceconfigs/{scid}/hoppers/{hopper}";
pub(crate) const SESSION: &str =
    "/serviceconfigs/{scid}/sessiontemplates/{template}/sessions/{name}";

const READ: &[u16] = &[400, 401, 403, 404, 412, 429, 503];
const WRITE: &[u16] = &[400, 401, 403, 404, 408, 409, 412, 413, 415, 429, 503];
const LIST: &[u16] = &[400, 401, 403, 404, 429, 503];
const POST: &[u16] = &[400, 401, 403, 404, 408, 409, 413, 415, 429, 503];
const ISSUER: &[u16] = &[400, 401, 408, 413, 429, 503];

pub(crate) fn operations() -> Vec<Operation> {
    let mut all = Vec::new();
    let mut add = |path: &str, verb, tag, summary, takes, gives, refuses| {
        all.push(Operation::new(
            path, verb, tag, summary, takes, gives, refuses,
        ));
    };
    let sessions = "sessions";
    add(
        TEMPLATES,
        "get",
        sessions,
        "Lists the session templates",
        None,
        &[(200, "TemplateList")],
        LIST,
    );
    add(
        &format!("{TEMPLATES}/{{template}}"),
        "get",
        sessions,
        "Reads a session template",
        None,
        &[(200, "Template")],
        LIST,
    );
    add(
        SESSION,
        "get",
        sessions,
        "Reads a session; 204 if there is none",
        None,
        &[(200, "Session"), (204, ""), (304, "")],
        READ,
    );
    add(
        SESSION,
        "put",
        sessions,
        "Creates, joins, changes or leaves a session; 204 if it is gone afterwards",
        Some("SessionRequest"),
        &[(200, "Session"), (201, "Session"), (204, "")],
        WRITE,
    );
    add(
        &format!("{SESSION}/changes"),
        "get",
        sessions,
        "Tells the changes of a session as Server-Sent Events, as they happen; 204 if there is none",
        None,
        &[(200, "text/event-stream"), (204, "")],
        LIST,
    );
    for part in ["constants", "properties", "members", "servers"] {
        add(
            &format!("{SESSION}/{part}"),
            "get",
            sessions,
            "Reads one element of a session",
            None,
            &[(200, "Element"), (204, ""), (304, "")],
            READ,
        );
    }
    add(
        &format!("{SESSION}/properties"),
        "put",
        sessions,
        "Changes the properties of a session",
        Some("PropertiesRequest"),
        &[(200, "Session"), (204, "")],
        WRITE,
    );
    for part in ["members/me", "members/{index}", "servers/{server}"] {
        let path = format!("{SESSION}/{part}");
        add(
            &path,
            "get",
            sessions,
            "Reads one member or server entry; 204 if there is none",
            None,
            &[(200, "Element"), (204, ""), (304, "")],
            READ,
        );
        add(
            &path,
            "delete",
            sessions,
            "Removes a member or server entry",
            None,
            &[(200, "Session"), (204, "")],
            &[400, 401, 403, 404, 409, 412, 429, 503],
        );
    }
    let handles = "handles";
    add(
        "/handles",
        "post",
        handles,
        "Makes a handle; 200 for a correlation handle that was there",
        Some("HandleRequest"),
        &[(200, "Handle"), (201, "Handle")],
        POST,
    );
    add(
        "/handles/query",
        "post",
        handles,
        "Finds the activities of users, or search handles",
        Some("HandleQuery"),
        &[(200, "HandleResults")],
        POST,
    );
    add(
        "/handles/{id}",
        "get",
        handles,
        "Reads a handle",
        None,
        &[(200, "Handle")],
        LIST,
    );
    add(
        "/handles/{id}",
        "delete",
        handles,
        "Deletes a handle",
        None,
        &[(204, "")],
        LIST,
    );
    add(
        "/handles/{id}/session",
        "get",
        handles,
        "Reads the session that a handle leads to",
        None,
        &[(200, "Session"), (204, ""), (304, "")],
        READ,
    );
    add(
        "/handles/{id}/session",
        "put",
        handles,
        "Changes the session that a handle leads to",
        Some("SessionRequest"),
        &[(200, "Session"), (201, "Session"), (204, "")],
        WRITE,
    );
    let matchmaking = "matchmaking";
    for (path, verb, summary) in [
        (HOPPER.to_owned(), "post", "Creates a match ticket"),
        (
            format!("{HOPPER}/stats"),
            "get",
            "Reads how long players wait",
        ),
        (
            format!("{HOPPER}/tickets/{{ticket}}"),
            "get",
            "Reads a match ticket",
        ),
        (
            format!("{HOPPER}/tickets/{{ticket}}"),
            "delete",
            "Cancels a match ticket",
        ),
    ] {
        add(&path, verb, matchmaking, summary, None, &[], LIST);
    }
    let people = "people";
    let (person, favorite) = (
        "/users/{owner}/people/{target}",
        "/users/{owner}/people/favorites/{target}",
    );
    add(
        "/users/{owner}/people",
        "get",
        people,
        "Lists whom a user follows",
        None,
        &[(200, "PeopleList")],
        LIST,
    );
    add(
        person,
        "get",
        people,
        "Reads the relation of two users",
        None,
        &[(200, "Person")],
        LIST,
    );
    add(
        person,
        "put",
        people,
        "Follows a user",
        None,
        &[(204, "")],
        LIST,
    );
    add(
        person,
        "delete",
        people,
        "Follows a user no longer",
        None,
        &[(204, "")],
        LIST,
    );
    add(
        favorite,
        "put",
        people,
        "Marks a favourite",
        None,
        &[(204, "")],
        LIST,
    );
    add(
        favorite,
        "delete",
        people,
        "Unmarks a favourite",
        None,
        &[(204, "")],
        LIST,
    );
    for (path, verb, summary, takes, gives, refuses) in [
        (
            "/users/{owner}/summary",
            "get",
            "Counts whom a user follows and who follows them",
            None,
            &[(200, "PersonSummary")][..],
            LIST,
        ),
        (
            "/users/{owner}/people/xuids",
            "post",
            "Reads or changes several people of a list",
            Some("PeopleRequest"),
            &[(200, "PeopleList"), (204, "")],
            POST,
        ),
        (
            "/users/{owner}/people/follower/{target}",
            "delete",
            "Is followed by a user no longer",
            None,
            &[(204, "")],
            LIST,
        ),
        (
            "/users/{owner}/people/friends/v2/{target}",
            "put",
            "Makes a friend",
            None,
            &[(200, "Person")],
            LIST,
        ),
        (
            "/users/{owner}/people/friends/v2/{target}",
            "delete",
            "Ends a friendship",
            None,
            &[(200, "Person")],
            LIST,
        ),
        (
            "/bulk/users/{owner}/people/friends/v2",
            "post",
            "Makes or ends several friendships",
            Some("PeopleRequest"),
            &[(200, "BulkResult")],
            POST,
        ),
    ] {
        add(path, verb, people, summary, takes, gives, refuses);
    }
    let hub = "people hub";
    for selector in [
        "friends",
        "social",
        "followers",
        "friendRequests(received)",
        "friendRequests(sent)",
        "xuids({xuids})",
        "search",
        "recommendations",
        "recentplayers",
        "playedTitle({played})",
        "batch",
    ] {
        for decoration in ["", "/decoration/{decorations}"] {
            let path = format!("/users/{{owner}}/people/{selector}{decoration}");
            let (verb, takes, refuses) = match selector {
                "batch" => ("post", Some("PeopleRequest"), POST),
                _ => ("get", None, LIST),
            };
            let summary = "Lists people with more about each";
            add(
                &path,
                verb,
                hub,
                summary,
                takes,
                &[(200, "HubPeople")],
                refuses,
            );
        }
    }
    let privacy = "privacy";
    for (path, verb, summary, takes, gives, refuses) in [
        (
            "/users/{owner}/people/avoid",
            "get",
            "Reads the block list",
            None,
            "UserList",
            LIST,
        ),
        (
            "/users/{owner}/people/never",
            "get",
            "Reads the block list",
            None,
            "UserList",
            LIST,
        ),
        (
            "/users/{owner}/people/never",
            "put",
            "Blocks a user",
            Some("ListChange"),
            "",
            POST,
        ),
        (
            "/users/{owner}/people/never",
            "delete",
            "Blocks a user no longer",
            Some("ListChange"),
            "",
            POST,
        ),
        (
            "/users/{owner}/people/mute",
            "get",
            "Reads the mute list",
            None,
            "UserList",
            LIST,
        ),
        (
            "/users/{owner}/people/mute",
            "put",
            "Mutes a user",
            Some("ListChange"),
            "",
            POST,
        ),
        (
            "/users/{owner}/people/mute",
            "delete",
            "Mutes a user no longer",
            Some("ListChange"),
            "",
            POST,
        ),
        (
            "/users/{owner}/permission/validate",
            "get",
            "Says whether something is allowed",
            None,
            "PermissionResult",
            LIST,
        ),
        (
            "/users/{owner}/permission/validate",
            "post",
            "Says whether many things are allowed",
            Some("PermissionBatch"),
            "PermissionResponses",
            POST,
        ),
        (
            "/users/{owner}/settings",
            "get",
            "Reads the privacy settings",
            None,
            "PrivacySettings",
            LIST,
        ),
        (
            "/users/{owner}/settings",
            "put",
            "Replaces the privacy settings",
            Some("PrivacySettings"),
            "PrivacySettings",
            POST,
        ),
    ] {
        let gives: &[_] = match gives {
            "" => &[(200, "")],
            "UserList" => &[(200, "UserList")],
            "PermissionResult" => &[(200, "PermissionResult")],
            "PermissionResponses" => &[(200, "PermissionResponses")],
            _ => &[(200, "PrivacySettings")],
        };
        add(path, verb, privacy, summary, takes, gives, refuses);
    }
    add(
        "/users/{owner}/profile/settings/people/{group}",
        "get",
        "profile",
        "Reads the profiles of one's people",
        None,
        &[(200, "Profiles")],
        LIST,
    );
    let issuer = "issuer";
    for (path, summary) in [
        ("/user/authenticate", "Gives a user token for a ticket"),
        ("/device/authenticate", "Gives a device token"),
        (
            "/title/authenticate",
            "Gives a title token for a device token",
        ),
        (
            "/xsts/authorize",
            "Exchanges sign-in tokens for a token of a service",
        ),
    ] {
        add(
            path,
            "post",
            issuer,
            summary,
            Some("TokenRequest"),
            &[(200, "Token")],
            ISSUER,
        );
    }
    add(
        "/dev/token",
        "post",
        issuer,
        "Gives a token of a service in one step",
        Some("DevTokenRequest"),
        &[(200, "Token")],
        ISSUER,
    );
    add(
        "/titles/{title}/endpoints",
        "get",
        issuer,
        "Lists the hosts and the tokens they want",
        None,
        &[(200, "Endpoints")],
        &[400, 404],
    );
    add(
        "/.well-known/jwks.json",
        "get",
        issuer,
        "Gives the public keys of the issuer",
        None,
        &[(200, "Keys")],
        &[],
    );
    let realtime = "realtime";
    add(
        "/connect",
        "get",
        realtime,
        "Opens a websocket of real-time activity",
        None,
        &[(101, "")],
        &[400, 401, 426, 429, 503],
    );
    add(
        "/nonce",
        "get",
        realtime,
        "Gives a nonce that opens one websocket within a minute, as `?nonce=`",
        None,
        &[(200, "Nonce")],
        &[400, 401, 429, 503],
    );
    add(
        "/system/notifications/endpoints",
        "post",
        "notifications",
        "Registers for notifications, which are told over a websocket whether or not this was done",
        Some("EndpointRequest"),
        &[(201, "EndpointAnswer")],
        &[400, 401, 408, 413, 415, 429, 503],
    );
    add(
        "/users/{owner}/inbox",
        "get",
        "notifications",
        "Lists the invitations that wait for a user who does not listen",
        None,
        &[(200, "Inbox")],
        &[400, 401, 403, 404, 429, 503],
    );
    add(
        "/users/{owner}/inbox/subscriptions/batch",
        "post",
        "notifications",
        "Says that notifications were seen, read, or are not wanted any more",
        Some("InboxUpdate"),
        &[(200, "")],
        &[400, 401, 403, 404, 408, 413, 415, 429, 503],
    );
    all.extend(activities::operations());
    all.extend(session_queries::operations());
    all.extend(operators());
    all
}

/// For whoever runs the service.
fn operators() -> Vec<Operation> {
    let mut all = Vec::new();
    let mut add = |path: &str, verb, tag, summary, takes, gives, refuses| {
        all.push(Operation::new(
            path, verb, tag, summary, takes, gives, refuses,
        ));
    };
    let ours = "operations";
    add(
        "/healthz",
        "get",
        ours,
        "Says that the process runs",
        None,
        &[(200, "text/plain")],
        &[],
    );
    add(
        "/readyz",
        "get",
        ours,
        "Says whether requests can be answered",
        None,
        &[(200, "Element")],
        &[503],
    );
    add(
        "/metrics",
        "get",
        ours,
        "Gives the counters for Prometheus",
        None,
        &[(200, "application/openmetrics-text")],
        &[],
    );
    add(
        "/docs/errors.md",
        "get",
        ours,
        "Gives the reference of errors",
        None,
        &[(200, "text/markdown")],
        &[],
    );
    add(
        "/openapi.json",
        "get",
        ours,
        "Gives this document",
        None,
        &[(200, "Element")],
        &[],
    );
    all
}
