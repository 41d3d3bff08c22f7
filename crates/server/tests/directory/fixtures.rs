//! The service configurations and templates that the examples speak of, and names for them.
//!
//! Not here: any session. Each test makes its own.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

/// The service configuration of the session examples, for title 123.
pub(crate) const SCID: &str = "11111111-2222-3333-4444-555555555555";
/// The service configuration of the handle examples, for titles 777 and 123.
pub(crate) const HANDLES_SCID: &str = "11111111-1111-4111-8111-111111111111";
/// Another title's service configuration.
pub(crate) const OTHER_SCID: &str = "22222222-2222-4222-8222-222222222222";
/// The one that block game clients use.
pub(crate) const LOBBY_SCID: &str = "4fc10100-5f7a-4470-899b-280835760c07";

pub(crate) const A: u64 = 1001;
pub(crate) const B: u64 = 1002;
pub(crate) const C: u64 = 1003;
pub(crate) const D: u64 = 1004;

/// A connection as the websocket service would name it, one per user.
pub(crate) const A_CONNECTION: &str = "aaaaaaaa-0000-4000-8000-000000000001";
pub(crate) const B_CONNECTION: &str = "bbbbbbbb-0000-4000-8000-000000000002";

/// A secure device address in the form that clients without a console make up.
pub(crate) const A_DEVICE: &str = "AAAAAAAA00112233445566778899AABBCCDDEEFF";
pub(crate) const B_DEVICE: &str = "AAAAAAAAFFEEDDCCBBAA99887766554433221100";

/// The URI of a session of the first service configuration.
pub(crate) fn session(template: &str, name: &str) -> String {
    format!("/serviceconfigs/{SCID}/sessiontemplates/{template}/sessions/{name}")
}

/// Joins, or goes active as, the caller.
pub(crate) fn active() -> Value {
    me(json!({"active": true}))
}

/// Writes the caller's own system properties.
pub(crate) fn me(system: Value) -> Value {
    let properties = Value::from_iter([("system", system)]);
    json!({"members": {"me": {"properties": properties}}})
}

/// Leaves.
pub(crate) fn leave() -> Value {
    json!({"members": {"me": null}})
}

/// Joins as an active user whose connection the service knows of.
pub(crate) fn connected(connection: &str) -> Value {
    me(json!({"active": true, "connection": connection}))
}

/// The body that the examples create sessions with: the user names themselves and goes active.
pub(crate) fn create(xuid: u64) -> Value {
    json!({"members": {"me": {
        "constants": {"system": {"xuid": xuid.to_string()}},
        "properties": {"system": {"active": true}},
    }}})
}

/// Keeps places for these users, in this order.
pub(crate) fn reserve(xuids: &[u64]) -> Value {
    let entry = |(n, xuid): (usize, &u64)| {
        let constants = json!({"system": {"xuid": xuid.to_string()}});
        (format!("reserve_{n}"), json!({"constants": constants}))
    };
    let members: serde_json::Map<_, _> = xuids.iter().enumerate().map(entry).collect();
    json!({"members": members})
}

/// Writes session properties of the system's.
pub(crate) fn system(properties: Value) -> Value {
    let properties = Value::from_iter([("system", properties)]);
    Value::from_iter([("properties", properties)])
}

/// Writes session properties of the title's own.
pub(crate) fn custom(properties: Value) -> Value {
    let properties = Value::from_iter([("custom", properties)]);
    Value::from_iter([("properties", properties)])
}

/// Creates every service configuration below `dir`.
pub(crate) fn write(dir: &Path) {
    service(dir, SCID, &["123"], session_templates());
    service(dir, HANDLES_SCID, &["777", "123"], handle_templates());
    service(dir, OTHER_SCID, &["888"], vec![("game", game(json!({})))]);
    service(dir, LOBBY_SCID, &["123"], vec![("MinecraftLobby", lobby())]);
}

fn service(dir: &Path, scid: &str, titles: &[&str], templates: Vec<(&str, Value)>) {
    let templates_dir = dir.join(scid).join("templates");
    fs::create_dir_all(&templates_dir).expect("a folder for templates");
    let configuration = format!("title_ids = {titles:?}\n");
    fs::write(dir.join(scid).join("service.toml"), configuration).expect("service.toml");
    for (name, template) in templates {
        let file = templates_dir.join(format!("{name}.json"));
        fs::write(file, format!("{template:#}")).expect("a template file");
    }
}

/// The templates of the session examples, by name.
pub(crate) fn session_templates() -> Vec<(&'static str, Value)> {
    let open = json!({"maxMembersCount": 4, "visibility": "open",
        "capabilities": {"connectivity": true}, "inactiveRemovalTimeout": 0});
    let uas = json!({"maxMembersCount": 4, "visibility": "open",
        "capabilities": {"connectivity": true, "userAuthorizationStyle": true,
            "connectionRequiredForActiveMembers": true},
        "inactiveRemovalTimeout": 0});
    let initialization = json!({"membersNeededToStart": 2, "joinTimeout": 1000});
    let mut templates = vec![
        ("bare", template(json!({}))),
        ("open", template(open)),
        ("uas", template(uas)),
        ("vis", template(json!({"visibility": "visible"}))),
        ("priv", template(json!({"visibility": "private"}))),
        (
            "keep",
            template(json!({"visibility": "open", "sessionEmptyTimeout": 60000})),
        ),
        (
            "init",
            template(json!({"memberInitialization": initialization.clone()})),
        ),
        (
            "init1",
            template(json!({"memberInitialization": {"membersNeededToStart": 1}})),
        ),
        (
            "p2h",
            template(json!({"memberInitialization": initialization,
            "capabilities": {"connectivity": true}, "peerToHostRequirements": {}})),
        ),
        (
            "own",
            template(json!({"capabilities": {"hasOwners": true},
            "ownershipPolicies": {"migration": "oldest"}})),
        ),
        (
            "ownend",
            template(json!({"capabilities": {"hasOwners": true}})),
        ),
        (
            "big",
            template(json!({"capabilities": {"large": true}, "maxMembersCount": 5000})),
        ),
        ("caps0", template(json!({"capabilities": {}}))),
        (
            "slow",
            template(json!({"inactiveRemovalTimeout": 5000, "readyRemovalTimeout": 1000})),
        ),
        (
            "unset",
            template(
                json!({"inactiveRemovalTimeout": null, "inviteProtocol": null,
                "memberInitialization": null}),
            ),
        ),
        (
            "legacy",
            json!({"contractVersion": 105,
            "constants": {"system": {"maxMembersCount": 8}}}),
        ),
        (
            "grouped",
            json!({"contractVersion": 104,
            "constants": {"system": {"timeouts": {"reserved": 1000}}}}),
        ),
    ];
    let friend = json!({"lfg": {"roles": {"friend": {"max": 1, "target": 1}}}});
    templates.push(("role", with_roles(template(json!({})), friend)));
    let confirmed = json!({"lfg": {"ownerManaged": true, "mutableRoleSettings": ["max", "target"],
        "roles": {"confirmed": {"max": 15, "target": 1}}}});
    let lfg = template(json!({"capabilities": {"hasOwners": true, "searchable": true}}));
    templates.push(("global(lfg)", with_roles(lfg, confirmed)));
    templates
}

/// The templates of the handle examples: `game` and what is added to it.
fn handle_templates() -> Vec<(&'static str, Value)> {
    let allowing = json!({"capabilities": {"connectionRequiredForActiveMembers": true,
            "hasOwners": true},
        "ownershipPolicies": {"allowNonOwnerInviteHandles": true}});
    let owned = json!({"capabilities": {"connectionRequiredForActiveMembers": true,
        "hasOwners": true}});
    let browse = json!({"capabilities": {"connectionRequiredForActiveMembers": true,
        "hasOwners": true, "searchable": true, "userAuthorizationStyle": true}});
    let confirmed = json!({"lfg": {"roles": {"confirmed": {"max": 4, "target": 3}}}});
    vec![
        ("game", game(json!({}))),
        ("gameo", game(owned)),
        ("gameoi", game(allowing)),
        ("browse", with_roles(game(browse), confirmed)),
        (
            "vis",
            template(json!({"visibility": "visible", "inviteProtocol": "game"})),
        ),
    ]
}

/// `game` with these constants added or replaced.
fn game(changes: Value) -> Value {
    let mut constants = json!({"visibility": "open", "maxMembersCount": 4,
        "capabilities": {"connectionRequiredForActiveMembers": true},
        "inviteProtocol": "game", "inactiveRemovalTimeout": 0});
    if let (Value::Object(constants), Value::Object(changes)) = (&mut constants, changes) {
        constants.extend(changes);
    }
    template(constants)
}

/// A block game's lobby as seen in the wild.
fn lobby() -> Value {
    template(
        json!({"readyRemovalTimeout": 240_000, "reservedRemovalTimeout": 240_000,
        "sessionEmptyTimeout": 0, "inactiveRemovalTimeout": 300_000, "version": 1,
        "maxMembersCount": 30, "visibility": "open", "inviteProtocol": "game",
        "capabilities": {"connectivity": true, "connectionRequiredForActiveMembers": true,
            "gameplay": true, "crossPlay": true, "userAuthorizationStyle": true},
        "memberInitialization": {"membersNeededToStart": 1}}),
    )
}

fn template(constants: Value) -> Value {
    let constants = Value::from_iter([("system", constants)]);
    json!({"contractVersion": 107, "constants": constants})
}

fn with_roles(mut template: Value, role_types: Value) -> Value {
    template["roleTypes"] = role_types;
    template
}
