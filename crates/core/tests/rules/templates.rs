//! Combinations of constants, C1 to C19, at template load and at creation.

use convoke_core::refusal::{Class, Refusal, Rule};
use serde_json::{Value, json};

use crate::support::{World, a, initializing, playing, template, template_document};

/// What a template refuses when it is loaded.
fn load(system: &Value) -> Option<(Rule, String)> {
    template(system)
        .err()
        .map(|refusal| (refusal.rule, refusal.path))
}

/// What a creation request refuses under a template.
fn create(template: &Value, request: &Value) -> Option<Refusal> {
    let mut world = World::new(template);
    let mut body = initializing(&playing());
    body["constants"] = json!({ "system": request });
    world.put(&a(), &body).err()
}

/// Checks one invalid combination: whole in a template, whole in a request, and split between them.
#[track_caller]
fn invalid(rule: Rule, path: &str, template_part: &Value, request_part: &Value) {
    let path = format!("constants.system.{path}");
    let mut whole = template_part.clone();
    for (name, value) in request_part.as_object().expect("an object") {
        whole[name] = value.clone();
    }
    assert_eq!(load(&whole), Some((rule, path.clone())), "template {whole}");

    let refusal = create(&json!({}), &whole).expect("the request is at fault");
    assert_eq!(
        (refusal.rule, &refusal.path),
        (rule, &path),
        "request {whole}"
    );
    assert_eq!(refusal.rule.class(), Class::Invalid);

    if request_part != &json!({}) {
        let refusal = create(template_part, request_part).expect("template and request conflict");
        assert_eq!(refusal.path, path, "{template_part} + {request_part}");
        assert_eq!(
            refusal.rule,
            Rule::CombinationConflict,
            "{template_part} + {request_part}"
        );
        assert_eq!(refusal.rule.class(), Class::Conflict);
    }
}

/// Checks that a combination is fine, in a template and in a request.
#[track_caller]
fn valid(system: &Value) {
    assert_eq!(load(system), None, "template {system}");
    let refused = create(&json!({}), system);
    assert!(refused.is_none(), "request {system}: {refused:?}");
}

const COMBINATION: Rule = Rule::InvalidCombination;

fn on(capabilities: &[&str]) -> Value {
    let flags: serde_json::Map<_, _> = capabilities
        .iter()
        .map(|name| ((*name).to_owned(), json!(true)))
        .collect();
    json!({ "capabilities": flags })
}

fn with(capabilities: &[&str], rest: &Value) -> Value {
    let mut system = on(capabilities);
    for (name, value) in rest.as_object().expect("an object") {
        system[name] = value.clone();
    }
    system
}

#[test]
fn c1_a_large_session_excludes_other_capabilities() {
    for name in [
        "connectivity",
        "autoPopulateServerCandidates",
        "userAuthorizationStyle",
        "team",
        "arbitration",
    ] {
        let path = format!("capabilities.{name}");
        invalid(
            COMBINATION,
            &path,
            &on(&["large", name, "gameplay"]),
            &json!({}),
        );
    }
    valid(&on(&[
        "large",
        "gameplay",
        "hasOwners",
        "searchable",
        "crossPlay",
    ]));
}

#[test]
fn c2_a_large_session_neither_initialises_nor_measures() {
    let init = json!({"memberInitialization": {"membersNeededToStart": 1}});
    invalid(COMBINATION, "memberInitialization", &on(&["large"]), &init);
    let servers = json!({"measurementServerAddresses": {"s:1": {"secureDeviceAddress": "AAAA"}}});
    invalid(
        COMBINATION,
        "measurementServerAddresses",
        &on(&["large"]),
        &servers,
    );
    valid(&init);
    valid(&servers);
    valid(&with(&["large"], &json!({"memberInitialization": null})));
}

#[test]
fn c3_places_are_counted() {
    let places = |count: Value| json!({ "maxMembersCount": count });
    for count in [0, 10_001] {
        let refusal = (
            Rule::OutOfRange,
            "constants.system.maxMembersCount".to_owned(),
        );
        assert_eq!(load(&places(json!(count))), Some(refusal));
    }
    invalid(
        Rule::OutOfRange,
        "maxMembersCount",
        &places(json!(101)),
        &json!({}),
    );
    let conflict = create(&on(&[]), &places(json!(101))).expect("refused");
    assert_eq!(conflict.rule.class(), Class::Invalid);
    valid(&places(json!(1)));
    valid(&places(json!(100)));
    valid(&with(&["large"], &places(json!(10_000))));
    valid(&places(Value::Null));
}

#[test]
fn c4_to_c6_capabilities_that_need_or_exclude_others() {
    invalid(
        COMBINATION,
        "capabilities.broadcast",
        &on(&["broadcast"]),
        &json!({}),
    );
    invalid(
        COMBINATION,
        "capabilities.team",
        &on(&["team", "gameplay"]),
        &json!({}),
    );
    invalid(
        COMBINATION,
        "capabilities.arbitration",
        &on(&["arbitration"]),
        &json!({}),
    );
    valid(&on(&["team"]));
    assert_eq!(load(&on(&["arbitration", "gameplay"])), None);
    assert_eq!(load(&on(&["broadcast", "large"])), None);
}

#[test]
fn c7_measuring_takes_connectivity() {
    for name in [
        "metrics",
        "peerToPeerRequirements",
        "peerToHostRequirements",
    ] {
        let part = json!({name: {}});
        // Without connectivity on either side, the request is as much at fault as the template.
        invalid(COMBINATION, name, &part, &json!({}));
        let alone = create(&on(&[]), &part).expect("refused");
        assert_eq!(alone.rule.class(), Class::Invalid);
    }
    valid(&with(
        &["connectivity"],
        &json!({"peerToPeerRequirements": {}, "peerToHostRequirements":
        {"latencyMaximum": 250, "bandwidthDownMinimum": 1, "bandwidthUpMinimum": 2, "hostSelectionMetric": "bandwidthUp"}}),
    ));
}

#[test]
fn c8_metrics_cover_what_the_requirements_need() {
    let rows = [
        (
            "peerToPeerRequirements",
            json!({"bandwidthDown": true, "bandwidthUp": true}),
            "metrics.latency",
        ),
        (
            "peerToPeerRequirements",
            json!({"latency": true, "bandwidthUp": true}),
            "metrics.bandwidthDown",
        ),
        (
            "peerToHostRequirements",
            json!({"latency": true, "bandwidthDown": true}),
            "metrics.bandwidthUp",
        ),
    ];
    for (requirements, metrics, path) in rows {
        let fixed = with(&["connectivity"], &json!({requirements: {}}));
        invalid(COMBINATION, path, &fixed, &json!({ "metrics": metrics }));
    }
    valid(&with(
        &["connectivity"],
        &json!({"metrics": {"custom": true}}),
    ));
    valid(&with(
        &["connectivity"],
        &json!({"peerToPeerRequirements": {},
        "metrics": {"latency": true, "bandwidthDown": true, "bandwidthUp": true}}),
    ));
}

#[test]
fn c9_searching_takes_owners_where_users_are_weakly_identified() {
    let path = "capabilities.searchable";
    invalid(
        COMBINATION,
        path,
        &on(&["userAuthorizationStyle", "searchable"]),
        &json!({}),
    );
    valid(&on(&["userAuthorizationStyle", "searchable", "hasOwners"]));
    valid(&on(&["searchable"]));
}

#[test]
fn c10_objects_that_belong_to_a_capability() {
    let package = json!({"titleId": "4567", "gsiSet": "128ce92a-45d0-4319-8a7e-bd8e940114ec"});
    let rows = [
        ("cloudComputePackage", package.clone()),
        ("arbitration", json!({})),
        ("ownershipPolicies", json!({"migration": "oldest"})),
        ("broadcastViewerTitleIds", json!(["5"])),
    ];
    for (name, value) in rows {
        invalid(COMBINATION, name, &json!({name: value}), &json!({}));
    }
    valid(&with(
        &["cloudCompute"],
        &json!({ "cloudComputePackage": package }),
    ));
    valid(&with(
        &["hasOwners"],
        &json!({"ownershipPolicies": {"migration": "EndSession"}}),
    ));
    let late = json!({"arbitration": {"forfeitTimeout": 2, "arbitrationTimeout": 1}});
    let path = "constants.system.arbitration.arbitrationTimeout".to_owned();
    assert_eq!(
        load(&with(&["arbitration", "gameplay"], &late)),
        Some((COMBINATION, path))
    );
}

#[test]
fn c11_owner_managed_roles_take_owners() {
    let types = json!({"lfg": {"ownerManaged": true, "roles": {}}});
    let document =
        |capabilities: &Value| json!({"constants": {"system": capabilities}, "roleTypes": types});
    let refusal = template_document(&document(&json!({}))).expect_err("no owners");
    assert_eq!(
        (refusal.rule, refusal.path.as_str()),
        (COMBINATION, "roleTypes.lfg.ownerManaged")
    );
    assert!(template_document(&document(&on(&["hasOwners"]))).is_ok());
    let mut body = playing();
    body["roleTypes"] = types;
    let path = "roleTypes.lfg.ownerManaged";
    World::new(&json!({})).refused(&a(), &body, COMBINATION, path);
    assert!(World::new(&on(&["hasOwners"])).put(&a(), &body).is_ok());
}

#[test]
fn c12_and_c13_initialisation_fits_the_session() {
    let init = |init: Value| json!({ "memberInitialization": init });
    let path = "memberInitialization.membersNeededToStart";
    invalid(
        COMBINATION,
        path,
        &json!({"maxMembersCount": 4}),
        &init(json!({"membersNeededToStart": 5})),
    );
    let path = "memberInitialization.evaluationTimeout";
    invalid(
        COMBINATION,
        path,
        &init(json!({"evaluationTimeout": 1})),
        &json!({}),
    );
    invalid(
        COMBINATION,
        path,
        &init(json!({"evaluationTimeout": 1, "externalEvaluation": false})),
        &json!({}),
    );
    valid(&init(
        json!({"evaluationTimeout": 1, "externalEvaluation": true, "membersNeededToStart": 0}),
    ));

    let managed = |managed: Value| {
        json!({"contractVersion": 105,
        "constants": {"system": { "managedInitialization": managed }}})
    };
    assert!(template_document(&managed(json!({"evaluationTimeout": 1}))).is_ok());
    let automatic = managed(json!({"evaluationTimeout": 1, "autoEvaluate": true}));
    let refusal = template_document(&automatic).expect_err("C13");
    assert_eq!(refusal.rule, COMBINATION);
}

#[test]
fn c14_to_c18_are_judged_with_the_properties_also_at_creation() {
    let create = |system: Value, properties: Value| {
        let mut world = World::new(&system);
        let mut body = playing();
        body["properties"] = json!({ "system": properties });
        let refusal = world.put(&a(), &body).err()?;
        assert_eq!(refusal.rule.class(), Class::Invalid);
        Some(refusal.rule)
    };
    let uas = on(&["userAuthorizationStyle"]);
    let rows = [
        (
            json!({"visibility": "private"}),
            json!({"keywords": ["x"]}),
            Some(Rule::KeywordsOnPrivate),
        ),
        (
            json!({"visibility": "visible"}),
            json!({"keywords": ["x"]}),
            None,
        ),
        (
            json!({}),
            json!({"locked": true}),
            Some(Rule::LockedNotClosed),
        ),
        (json!({}), json!({"locked": true, "closed": true}), None),
        (
            json!({}),
            json!({"readRestriction": "followed"}),
            Some(Rule::ReadStricterThanJoin),
        ),
        (json!({}), json!({"joinRestriction": "followed"}), None),
        (
            on(&["large"]),
            json!({"joinRestriction": "local", "readRestriction": "local"}),
            Some(Rule::RestrictionNotAllowed),
        ),
        (on(&["large"]), json!({"turn": [0]}), Some(Rule::NotOnLarge)),
        (on(&["large"]), json!({"host": "x"}), Some(Rule::NotOnLarge)),
        (
            uas.clone(),
            json!({"joinRestriction": "none", "readRestriction": "none"}),
            Some(Rule::RestrictionNotAllowed),
        ),
        (uas.clone(), json!({"joinRestriction": "followed"}), None),
        (uas, json!({}), None),
    ];
    for (system, properties, expected) in rows {
        let context = format!("{system} {properties}");
        assert_eq!(create(system, properties), expected, "{context}");
    }
}

#[test]
fn c19_role_definitions_make_sense() {
    let rows = [
        (
            json!({"lfg": {"roles": {"x": {"max": 0}}}}),
            "roleTypes.lfg.roles.x.max",
        ),
        (
            json!({"lfg": {"roles": {"x": {"target": 0}}}}),
            "roleTypes.lfg.roles.x.target",
        ),
        (
            json!({"lfg": {"roles": {"x": {"max": 1, "target": 2}}}}),
            "roleTypes.lfg.roles.x.target",
        ),
        (json!({"LFG": {"roles": {}}}), "roleTypes.LFG"),
        (
            json!({"lfg": {"roles": {"a b": {}}}}),
            "roleTypes.lfg.roles.a b",
        ),
        (json!({"": {"roles": {}}}), "roleTypes."),
    ];
    for (types, path) in rows {
        let document = json!({"constants": {"system": {}}, "roleTypes": types});
        let refusal = template_document(&document).expect_err("a bad definition");
        assert_eq!(
            (refusal.rule, refusal.path.as_str()),
            (Rule::RoleDefinition, path)
        );
        let mut body = playing();
        body["roleTypes"] = types;
        World::new(&json!({})).refused(&a(), &body, Rule::RoleDefinition, path);
    }
    let fine = json!({"lfg2": {"mutableRoleSettings": ["max", "target"], "roles": {"x1": {"max": 2, "target": 2}, "y": {}}}});
    assert!(template_document(&json!({"constants": {"system": {}}, "roleTypes": fine})).is_ok());
}

#[test]
fn a_request_is_not_blamed_for_what_its_template_would_have_supplied() {
    // Alone, the metrics would lack connectivity; with the template, they lack what it needs.
    let fixed = with(
        &["connectivity"],
        &json!({"maxMembersCount": 4, "peerToHostRequirements": {}}),
    );
    let request =
        json!({"metrics": {"latency": true}, "memberInitialization": {"membersNeededToStart": 2}});
    let refusal = create(&fixed, &request).expect("refused");
    assert_eq!(refusal.rule, Rule::CombinationConflict);
    assert_eq!(refusal.path, "constants.system.metrics.bandwidthDown");
}

#[test]
fn values_are_checked_on_their_own_in_templates_and_requests() {
    let many: Vec<_> = (0..129).map(|n| n.to_string()).collect();
    let rows = [
        (json!({"version": 2}), Rule::OutOfRange, "version"),
        (
            json!({"reservedRemovalTimeout": -1}),
            Rule::MalformedBody,
            "reservedRemovalTimeout",
        ),
        (
            json!({"sessionEmptyTimeout": 4_503_599_627_370_496_u64}),
            Rule::OutOfRange,
            "sessionEmptyTimeout",
        ),
        (
            json!({"memberInitialization": {"joinTimeout": 4_503_599_627_370_496_u64}}),
            Rule::OutOfRange,
            "memberInitialization.joinTimeout",
        ),
        (
            json!({"visibility": "secret"}),
            Rule::MalformedBody,
            "visibility",
        ),
        (
            json!({"capabilities": {"connectivity": 1}}),
            Rule::MalformedBody,
            "capabilities.connectivity",
        ),
        (
            json!({"initiators": ["x"]}),
            Rule::MalformedBody,
            "initiators.0",
        ),
        (
            json!({"inviteProtocol": "x".repeat(1025)}),
            Rule::BadText,
            "inviteProtocol",
        ),
        (
            json!({"broadcastViewerTitleIds": many}),
            Rule::TooMany,
            "broadcastViewerTitleIds",
        ),
        (
            json!({"measurementServerAddresses": {"Upper": {"secureDeviceAddress": "A"}}}),
            Rule::BadText,
            "measurementServerAddresses.Upper",
        ),
        (
            json!({"timeouts": {"inactive": 1}, "inactiveRemovalTimeout": 1}),
            COMBINATION,
            "timeouts",
        ),
        (
            json!({"managedInitialization": {}, "memberInitialization": {}}),
            COMBINATION,
            "managedInitialization",
        ),
        (
            json!({"peerToHostRequirements": {"hostSelectionMetric": "luck"}}),
            Rule::MalformedBody,
            "peerToHostRequirements.hostSelectionMetric",
        ),
    ];
    for (system, rule, field) in rows {
        let path = format!("constants.system.{field}");
        assert_eq!(load(&system), Some((rule, path.clone())), "{system}");
        let refusal = create(&json!({}), &system).expect("refused");
        assert_eq!((refusal.rule, refusal.path), (rule, path), "{system}");
    }
    let contract = json!({"contractVersion": 103, "constants": {"system": {}}});
    let refusal = template_document(&contract).expect_err("an unknown contract");
    assert_eq!(
        (refusal.rule, refusal.path.as_str()),
        (Rule::OutOfRange, "contractVersion")
    );
}
