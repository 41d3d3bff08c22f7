//! Templates: the rules name file, path and rule, and all that is wrong is named at once.

use std::fs;

use convoke_server::service_configs::{ServiceConfigs, check_template_file};
use convoke_wire::{ContractVersion, Field};

use crate::support::{SCID, SERVICE, file, folder, template};

fn check(text: impl AsRef<[u8]>, expected: &[&str]) {
    let expected: Vec<String> = expected
        .iter()
        .map(|line| format!("DIR/SCID/templates/t.json: {line}"))
        .collect();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    crate::support::check(&template("t", text), &expected);
}

/// A template of contract 107 with some system constants.
fn check_system(system: &str, expected: &[&str]) {
    check(
        format!(r#"{{"constants":{{"system":{system}}}}}"#),
        expected,
    );
}

#[test]
fn combinations_that_no_session_could_have_are_refused() {
    let one = |system: &str, path: &str, message: &str| {
        let line = format!("constants.system.{path}: {message} [constants.combination]");
        check_system(system, &[&line]);
    };
    let excluded = "excludes the capability `large`";
    // C1
    for capability in [
        "connectivity",
        "autoPopulateServerCandidates",
        "userAuthorizationStyle",
        "team",
        "arbitration",
    ] {
        one(
            &format!(r#"{{"capabilities":{{"large":true,"{capability}":true}}}}"#),
            &format!("capabilities.{capability}"),
            excluded,
        );
    }
    // C2
    one(
        r#"{"capabilities":{"large":true},"memberInitialization":{}}"#,
        "memberInitialization",
        excluded,
    );
    one(
        r#"{"capabilities":{"large":true},"measurementServerAddresses":{}}"#,
        "measurementServerAddresses",
        excluded,
    );
    // C4
    one(
        r#"{"capabilities":{"broadcast":true}}"#,
        "capabilities.broadcast",
        "needs the capability `large`",
    );
    // C5
    one(
        r#"{"capabilities":{"team":true,"gameplay":true}}"#,
        "capabilities.team",
        "excludes the capability `gameplay`",
    );
    // C6
    one(
        r#"{"capabilities":{"arbitration":true}}"#,
        "capabilities.arbitration",
        "needs the capability `gameplay`",
    );
    // C7
    for field in [
        "metrics",
        "peerToPeerRequirements",
        "peerToHostRequirements",
    ] {
        one(
            &format!(r#"{{"{field}":{{}}}}"#),
            field,
            "needs the capability `connectivity`",
        );
    }
    // C8
    one(
        r#"{"capabilities":{"connectivity":true},"metrics":{"latency":true},"peerToPeerRequirements":{}}"#,
        "metrics.bandwidthDown",
        "must be true: the session's requirements need it",
    );
    // C9
    one(
        r#"{"capabilities":{"userAuthorizationStyle":true,"searchable":true}}"#,
        "capabilities.searchable",
        "with `userAuthorizationStyle`, needs the capability `hasOwners`",
    );
    // C10
    one(
        r#"{"cloudComputePackage":{"titleId":"1","gsiSet":"11111111-1111-4111-8111-111111111111"}}"#,
        "cloudComputePackage",
        "needs the capability `cloudCompute`",
    );
    one(
        r#"{"arbitration":{}}"#,
        "arbitration",
        "needs the capability `arbitration`",
    );
    one(
        r#"{"ownershipPolicies":{}}"#,
        "ownershipPolicies",
        "needs the capability `hasOwners`",
    );
    one(
        r#"{"broadcastViewerTitleIds":[]}"#,
        "broadcastViewerTitleIds",
        "needs the capability `broadcast`",
    );
    // C12
    one(
        r#"{"maxMembersCount":4,"memberInitialization":{"membersNeededToStart":5}}"#,
        "memberInitialization.membersNeededToStart",
        "exceeds the 4 places of the session",
    );
    // C13
    one(
        r#"{"memberInitialization":{"evaluationTimeout":1000}}"#,
        "memberInitialization.evaluationTimeout",
        "needs `externalEvaluation` to be true",
    );
}

#[test]
fn the_number_of_places_has_its_bounds() {
    // C3
    check_system(
        r#"{"maxMembersCount":0}"#,
        &[
            "constants.system.maxMembersCount: expected 1 to 100, or to 10000 with `large` [value.range]",
        ],
    );
    check_system(
        r#"{"maxMembersCount":101}"#,
        &[
            "constants.system.maxMembersCount: expected 1 to 100; more takes the capability `large` [value.range]",
        ],
    );
    check_system(
        r#"{"maxMembersCount":10001,"capabilities":{"large":true}}"#,
        &[
            "constants.system.maxMembersCount: expected 1 to 100, or to 10000 with `large` [value.range]",
        ],
    );
    check_system(
        r#"{"maxMembersCount":10000,"capabilities":{"large":true}}"#,
        &[],
    );
}

#[test]
fn role_definitions_have_their_rules() {
    let roles = |types: &str, expected: &[&str]| {
        check(
            format!(r#"{{"constants":{{}},"roleTypes":{types}}}"#),
            expected,
        );
    };
    // C11
    roles(
        r#"{"lfg":{"ownerManaged":true,"roles":{}}}"#,
        &["roleTypes.lfg.ownerManaged: needs the capability `hasOwners` [constants.combination]"],
    );
    // C19
    roles(
        r#"{"LFG":{"roles":{}},"lfg":{"roles":{"a":{"max":0},"b":{"target":0},"c":{"max":1,"target":2},"d e":{},"ok":{"max":2,"target":2}}}}"#,
        &[
            "roleTypes.LFG: a role name has 1 to 100 lower-case letters and digits [roles.definition]",
            "roleTypes.lfg.roles.a.max: expected at least 1 [roles.definition]",
            "roleTypes.lfg.roles.b.target: expected at least 1 [roles.definition]",
            "roleTypes.lfg.roles.c.target: exceeds `max` [roles.definition]",
            "roleTypes.lfg.roles.d e: a role name has 1 to 100 lower-case letters and digits [roles.definition]",
        ],
    );
}

#[test]
fn a_broken_combination_hides_role_definitions_but_not_for_long() {
    check(
        r#"{"constants":{"system":{"arbitration":{},"metrics":{}}},"roleTypes":{"lfg":{"ownerManaged":true,"roles":{"a":{"max":0}}}}}"#,
        &[
            "constants.system.metrics: needs the capability `connectivity` [constants.combination]",
            "roleTypes.lfg.roles.a.max: expected at least 1 [roles.definition]",
        ],
    );
}

#[test]
fn every_field_that_cannot_be_read_is_named() {
    let text = r#"{
        "constants": {
            "system": {
                "maxMembersCount": "8",
                "visibilty": "open",
                "capabilities": {"flying": true, "large": 1},
                "initiators": [1, true],
                "cloudComputePackage": {"titleId": "x", "gsiSet": "11111111-1111-4111-8111-111111111111"}
            },
            "custom": {"any.key": {"a": 1}}
        },
        "members": {},
        "roleTypes": {"lfg": {"roles": {"a": {"max": -1}}}}
    }"#;
    check(
        text,
        &[
            r#"constants.system.maxMembersCount: invalid type: string "8", expected u32 [body.malformed]"#,
            "constants.system.capabilities.flying: unknown variant `flying`, expected one of `connectivity`, `suppressPresenceActivityCheck`, `gameplay`, `large`, `connectionRequiredForActiveMembers`, `cloudCompute`, `autoPopulateServerCandidates`, `userAuthorizationStyle`, `crossPlay`, `broadcast`, `team`, `arbitration`, `hasOwners`, `searchable`, `clientMatchmaking`, `blockBadMsaReputation` [body.malformed]",
            "constants.system.capabilities.large: invalid type: integer `1`, expected a boolean [body.malformed]",
            "constants.system.cloudComputePackage.titleId: expected a decimal title id of at most 32 bits, found `x` [body.malformed]",
            "constants.system.initiators.1: invalid type: boolean `true`, expected a decimal XUID of at most 64 bits [body.malformed]",
            "constants.system.visibilty: unknown field `visibilty`, expected one of `version`, `maxMembersCount`, `visibility`, `initiators`, `inviteProtocol`, `reservedRemovalTimeout`, `inactiveRemovalTimeout`, `readyRemovalTimeout`, `sessionEmptyTimeout`, `timeouts`, `capabilities`, `metrics`, `memberInitialization`, `managedInitialization`, `peerToPeerRequirements`, `peerToHostRequirements`, `measurementServerAddresses`, `cloudComputePackage`, `arbitration`, `broadcastViewerTitleIds`, `ownershipPolicies` [body.malformed]",
            "members: unknown field `members`, expected one of `contractVersion`, `constants`, `roleTypes` [body.malformed]",
            "roleTypes.lfg.roles.a.max: invalid value: integer `-1`, expected u32 [body.malformed]",
        ],
    );
}

#[test]
fn a_key_that_occurs_twice_does_not_hide_what_else_is_wrong() {
    check(
        r#"{"constants":{"system":{"version":1,"version":1,"maxMembersCount":true}},"roleTypes":5}"#,
        &[
            "constants.system.version: the key occurs twice in its object [body.malformed]",
            "constants.system.maxMembersCount: invalid type: boolean `true`, expected u32 [body.malformed]",
            "roleTypes: invalid type: integer `5`, expected a map [body.malformed]",
        ],
    );
}

#[test]
fn every_value_outside_its_range_is_named() {
    check(
        r#"{"contractVersion":108,"constants":{"system":{"version":2,"maxMembersCount":0,"inactiveRemovalTimeout":4503599627370496,"measurementServerAddresses":{"A.b":{"secureDeviceAddress":""},"C.d":{"secureDeviceAddress":""}}}}}"#,
        &[
            "contractVersion: version 108 is not supported; this service speaks 104 to 107 [value.range]",
            "constants.system.version: only version 1 exists [value.range]",
            "constants.system.maxMembersCount: expected 1 to 100, or to 10000 with `large` [value.range]",
            "constants.system.inactiveRemovalTimeout: expected less than 4503599627370496 ms [value.range]",
            "constants.system.measurementServerAddresses.A.b: connection strings here are lower case [value.text]",
            "constants.system.measurementServerAddresses.C.d: connection strings here are lower case [value.text]",
        ],
    );
}

#[test]
fn malformed_text_is_named_with_line_and_column() {
    let malformed =
        |text: &str, expected: &str| check(text, &[&format!("{expected} [body.malformed]")]);
    malformed("", "not JSON: EOF while parsing a value at line 1 column 0");
    malformed(
        "{\n  // é\n  \"constants\": {,}\n}",
        "not JSON: key must be a string at line 3 column 17",
    );
    malformed(
        "{\"constants\": {}} {}",
        "not JSON: trailing characters at line 1 column 19",
    );
    malformed(
        "{\"constants\": /* none */ {}}",
        "not JSON: expected value at line 1 column 15",
    );
    malformed(
        "{\"constants\":{},\"constants\":{}}",
        "constants: the key occurs twice in its object",
    );
    malformed("{}", "missing field `constants`");
    malformed("[]", "expected an object");
    malformed(
        "{\"constants\":null}",
        "constants: invalid type: null, expected struct Bags",
    );
    let deep = format!(
        "{{\"constants\":{{\"custom\":{}{}}}}}",
        "[".repeat(200),
        "]".repeat(200)
    );
    malformed(
        &deep,
        "constants.custom.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0: nested deeper than 64 levels",
    );
    check(
        b"{\"constants\": {}} // \xff",
        &["not UTF-8 at byte 21 [body.malformed]"],
    );

    let temp = folder(&template("t", "{\n\n  \"constants\" {}\n}"));
    let problems = ServiceConfigs::load(temp.path()).unwrap_err();
    assert_eq!(problems.list()[0].line, Some(3));
}

#[test]
fn comments_and_trailing_commas_are_accepted_and_strings_kept() {
    let text = "\u{feff}// a template\n{\n  \"constants\": {\n    \"system\": {\"inviteProtocol\": \"//game,}\",}, // \"{\n    \"custom\": {\"url\": \"https://example.com/,]\", \"list\": [1, 2,],},\n  },\n}\n";
    let temp = folder(&template("t", text));
    let configs = ServiceConfigs::load(temp.path()).unwrap();
    let config = configs.get(&SCID.parse().unwrap()).unwrap();
    let constants = &config
        .template(&"T".parse().unwrap())
        .unwrap()
        .template
        .document
        .constants;
    let system = constants.system.value().unwrap();
    assert_eq!(system.invite_protocol, Field::Value("//game,}".to_owned()));
    assert_eq!(
        constants.custom.value().unwrap().text(),
        r#"{"url": "https://example.com/,]", "list": [1, 2 ] }"#
    );
}

#[test]
fn the_older_shapes_are_accepted() {
    let text = r#"{
        "contractVersion": 104,
        "constants": {"system": {
            "timeouts": {"reserved": 1000},
            "managedInitialization": {"joinTimeout": 2000, "autoEvaluate": true}
        }}
    }"#;
    let temp = folder(&template("t", text));
    let path = temp.path().join(SCID).join("templates/t.json");
    let named = check_template_file(&path).unwrap();

    assert_eq!(named.name.as_str(), "t");
    assert_eq!(named.template.contract, ContractVersion::V104);
    let system = &named.template.prescribed.system;
    assert_eq!(system.reserved_removal_timeout, Field::Value(1000));
    assert_eq!(system.session_empty_timeout, Field::Null);
    assert!(system.member_initialization.value().is_some());
}

#[test]
fn a_single_file_is_checked_like_a_whole_folder() {
    let temp = folder(&template("t", r#"{"constants":{"system":{"metrics":{}}}}"#));
    let path = temp.path().join(SCID).join("templates/t.json");
    let single = check_template_file(&path).unwrap_err();
    assert_eq!(single, ServiceConfigs::load(temp.path()).unwrap_err());
    let problem = &single.list()[0];
    assert_eq!(
        (problem.path.as_str(), problem.rule, problem.line),
        (
            "constants.system.metrics",
            Some("constants.combination"),
            None
        )
    );

    let misnamed = temp.path().join("t.txt");
    fs::write(&misnamed, "{}").unwrap();
    let problems = check_template_file(&misnamed).unwrap_err().to_string();
    assert!(
        problems.contains("t.txt: expected a file called `<template>.json`"),
        "{problems}"
    );
    let problems = check_template_file(&temp.path().join("no.json"))
        .unwrap_err()
        .to_string();
    assert!(problems.contains("no.json: cannot be read: "), "{problems}");
    let problems = check_template_file(temp.path()).unwrap_err().to_string();
    assert!(problems.ends_with("expected a file"), "{problems}");
}

#[test]
fn the_problems_of_all_files_are_reported_at_once() {
    let other = "22222222-2222-4222-8222-222222222222";
    let files = vec![
        file("service.toml", "title_ids = 1\nsandbox = []"),
        file("templates/a.json", "{"),
        file(
            "templates/b.json",
            r#"{"constants":{"system":{"visibility":"secret"}}}"#,
        ),
        file("templates/c.json", r#"{"constants":{}}"#),
        (format!("{other}/templates/d.json"), b"[".to_vec()),
        (format!("{other}/service.toml"), SERVICE.into()),
    ];
    crate::support::check(
        &files,
        &[
            "DIR/SCID/service.toml: title_ids: expected a list of title ids, found an integer",
            "DIR/SCID/service.toml: sandbox: unknown key; did you mean `sandboxes`?",
            "DIR/SCID/templates/a.json: not JSON: EOF while parsing an object at line 1 column 1 [body.malformed]",
            "DIR/SCID/templates/b.json: constants.system.visibility: unknown variant `secret`, expected one of `private`, `visible`, `open` [body.malformed]",
            "DIR/22222222-2222-4222-8222-222222222222/templates/d.json: not JSON: EOF while parsing a list at line 1 column 1 [body.malformed]",
        ],
    );
}
