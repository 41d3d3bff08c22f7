//! Claim maps, tried on claims as providers write them and on anything else.

use proptest::prelude::*;
use serde_json::json;

use super::*;

const ISSUER: &str = "https://id.example";

fn settings(more: &str, map: &str) -> ProviderSettings {
    let text = format!("issuer = \"{ISSUER}\"\naudiences = [\"a\"]\n{more}\n[claim_map]\n{map}\n");
    toml::from_str(&text).expect(&text)
}

/// Every target, from a claim of the same name.
fn full() -> ProviderSettings {
    let targets = [
        "xuid",
        "gamertag",
        "age_group",
        "privileges",
        "title_id",
        "device_id",
        "device_type",
        "sandbox",
        "roles",
    ];
    let lines: Vec<_> = targets
        .iter()
        .map(|name| format!("{name} = \"/{name}\""))
        .collect();
    settings("", &lines.join("\n"))
}

#[test]
fn claims_become_a_profile() {
    let claims = json!({
        "sub": "u1", "xuid": "2533274790395904", "gamertag": "Ann", "age_group": "Teen",
        "privileges": [185, "254"], "title_id": 1234, "device_id": "D", "device_type": "Win32",
        "sandbox": "XLDP.1", "roles": ["offline_access"],
    });
    let profile = profile(&claims, &full()).expect("valid");
    let user = profile.user.expect("a user");
    assert_eq!(user.id, UserId::Xuid(Xuid(2_533_274_790_395_904)));
    assert_eq!(user.gamertag.as_deref(), Some("Ann"));
    assert_eq!(user.age_group, Some(AgeGroup::Teen));
    assert_eq!(user.privileges, Some(BTreeSet::from([185, 254])));
    assert_eq!(profile.title_id, Some(TitleId(1234)));
    assert_eq!(profile.device_id.as_deref(), Some("D"));
    assert_eq!(profile.device_type.as_deref(), Some("Win32"));
    assert_eq!(profile.sandbox.as_str(), "XLDP.1");
    assert!(profile.roles.is_empty() && profile.service.is_none());
}

#[test]
fn xuids_beyond_two_to_the_53_keep_every_digit() {
    for value in [json!(u64::MAX), json!(u64::MAX.to_string())] {
        let profile = profile(&json!({"xuid": value}), &full()).expect("valid");
        assert_eq!(
            profile.user.expect("a user").id,
            UserId::Xuid(Xuid(u64::MAX))
        );
    }
}

#[test]
fn what_claims_leave_out_comes_from_the_settings() {
    let settings = settings(
        "sandbox = \"XLDP.2\"\ndefault_privileges = [254]\ntitle_ids = [\"7\"]",
        "xuid = { hash = \"/sub\" }\nprivileges = \"/prv\"\nsandbox = \"/sbx\"",
    );
    let profile_of = |claims: &Value| profile(claims, &settings).expect("valid");
    let plain = profile_of(&json!({"sub": "u1"}));
    let user = plain.user.expect("a user");
    assert_eq!(user.id, UserId::Hashed(Fingerprint::new(ISSUER, "u1")));
    assert_eq!(user.privileges, Some(BTreeSet::from([254])));
    assert_eq!(plain.sandbox.as_str(), "XLDP.2");
    assert_eq!(plain.title_id, Some(TitleId(7)));
    let own = profile_of(&json!({"sub": "u1", "prv": "", "sbx": "XLDP.3"}));
    assert_eq!(own.sandbox.as_str(), "XLDP.3");
    let privileges = own.user.expect("a user").privileges;
    assert_eq!(
        privileges,
        Some(BTreeSet::new()),
        "an empty claim is a claim"
    );
}

#[test]
fn a_token_with_a_role_of_ours_is_a_service_without_user() {
    let check = |claims: Value, service: Option<&str>, roles: &[Role], user: bool| {
        let profile = profile(&claims, &full()).expect("valid");
        assert_eq!(profile.service.as_deref(), service, "{claims}");
        assert_eq!(profile.roles, roles.iter().cloned().collect(), "{claims}");
        assert_eq!(profile.user.is_some(), user, "{claims}");
    };
    let server = &[Role::SessionsServer];
    check(
        json!({"sub": "c", "client_id": "c", "roles": ["sessions.server"]}),
        Some("c"),
        server,
        false,
    );
    check(
        json!({"sub": "s", "azp": "c", "roles": "x sessions.server"}),
        Some("c"),
        server,
        false,
    );
    check(
        json!({"xuid": 7, "sub": "s", "roles": ["admin"]}),
        Some("s"),
        &[Role::Admin],
        false,
    );
    check(
        json!({"xuid": 7, "sub": "s", "roles": ["user", "Admin"]}),
        None,
        &[],
        true,
    );
    // A client without a role of ours is nobody, and above all not a player.
    check(
        json!({"xuid": 7, "sub": "c", "client_id": "c"}),
        None,
        &[],
        false,
    );
    check(json!({"xuid": 7, "sub": "c", "azp": "c"}), None, &[], false);
}

#[test]
fn a_title_must_be_one_of_the_issuers() {
    let settings = settings(
        "title_ids = [\"7\", \"8\"]",
        "xuid = \"/x\"\ntitle_id = \"/t\"",
    );
    let check = |claims: Value, expected: Result<Option<u32>, AuthError>| {
        let title = profile(&claims, &settings).map(|profile| profile.title_id.map(|id| id.0));
        assert_eq!(title, expected, "{claims}");
    };
    check(json!({"x": 1, "t": 8}), Ok(Some(8)));
    check(json!({"x": 1}), Ok(None));
    check(json!({"x": 1, "t": 9}), Err(OTHER_TITLE));
    check(json!({"x": 1, "t": "9x"}), Err(TITLE_ID));
}

#[test]
fn a_claim_that_does_not_fit_is_refused_by_the_name_of_its_key() {
    let check = |changes: Value, key: &str| {
        let mut claims = json!({"xuid": "7"});
        let object = claims.as_object_mut().expect("an object");
        object.extend(changes.as_object().expect("an object").clone());
        let error = profile(&claims, &full()).expect_err(key).to_string();
        assert!(error.contains(&format!("claim_map.{key}")), "{error}");
    };
    check(json!({"xuid": null}), "xuid");
    check(json!({"xuid": ""}), "xuid");
    check(json!({"xuid": -1}), "xuid");
    check(json!({"xuid": 1.5}), "xuid");
    check(json!({"xuid": 1e30}), "xuid");
    check(json!({"xuid": ["7"]}), "xuid");
    check(json!({"gamertag": {}}), "gamertag");
    check(json!({"gamertag": "a\nb"}), "gamertag");
    check(json!({"gamertag": "a".repeat(129)}), "gamertag");
    check(json!({"age_group": "adult"}), "age_group");
    check(json!({"privileges": 7}), "privileges");
    check(json!({"privileges": [65_536]}), "privileges");
    check(json!({"privileges": "185 x"}), "privileges");
    check(json!({"privileges": [[185]]}), "privileges");
    check(json!({"title_id": u64::MAX}), "title_id");
    check(json!({"device_id": true}), "device_id");
    check(json!({"device_type": "a\u{0}"}), "device_type");
    check(json!({"sandbox": "a b"}), "sandbox");
    check(json!({"roles": {"sessions.server": true}}), "roles");
}

#[test]
fn the_hash_of_a_subject_is_written_as_a_table() {
    let read = |text: &str| toml::from_str::<ClaimMap>(text).map(|map| map.xuid);
    let hashed = read("xuid = { hash = \"/sub\" }").expect("valid");
    assert_eq!(hashed, XuidSource::Hash("/sub".parse().expect("a pointer")));
    for (text, expected) in [
        ("xuid = 7", "{ hash = "),
        ("xuid = {}", "missing field `hash`"),
        (
            "xuid = { hash = \"/sub\", salt = \"x\" }",
            "unknown field `salt`",
        ),
        ("xuid = \"sub\"", "expected a JSON pointer"),
        ("gamertag = \"/name\"", "missing field `xuid`"),
    ] {
        let error = read(text).expect_err(text).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        "[0-9 ]{0,24}".prop_map(Value::from),
        Just(Value::from("sessions.server")),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-z_]{0,6}", inner), 0..4)
                .prop_map(|all| Value::Object(all.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_claims_make_the_map_panic(
        values in prop::collection::vec(any_json(), 11),
        other in any_json(),
    ) {
        let names = ["xuid", "gamertag", "age_group", "privileges", "title_id", "device_id",
            "device_type", "sandbox", "roles", "sub", "client_id"];
        let claims: serde_json::Map<_, _> =
            names.iter().map(|name| (*name).to_owned()).zip(values).collect();
        let settings = full();
        if let Ok(profile) = profile(&Value::Object(claims), &settings) {
            prop_assert!(profile.roles.is_empty() || profile.user.is_none());
            prop_assert!(profile.roles.iter().all(|role| !matches!(role, Role::Other(_))));
        }
        let _ = super::profile(&other, &settings);
    }
}
