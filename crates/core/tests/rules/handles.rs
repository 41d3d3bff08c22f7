//! Handles: who may make, see, use and delete each kind.

use convoke_core::contract::read;
use convoke_core::handle::create::{Maker, check_deletion, counts_as_change, make};
use convoke_core::handle::grant::{Question, may_see, question};
use convoke_core::handle::{Body, Grant, Handle, correlation_key, query, search_key};
use convoke_core::refusal::Rule;
use convoke_core::{Caller, Refusal, Session};
use convoke_wire::handle::HandleType;
use convoke_wire::notification::InviteInfo;
use convoke_wire::{RawJson, Sandbox, TitleId, Xuid};
use jiff::SignedDuration;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{World, a, b, c, has, playing, reference, server, start, user};

fn session_ref() -> Value {
    json!({"scid": "11111111-2222-3333-4444-555555555555", "templateName": "open", "name": "s"})
}

/// A request of a type with these further fields.
fn request(kind: &str, rest: &Value) -> Value {
    let mut body = json!({"type": kind, "version": 1, "sessionRef": session_ref()});
    for (name, value) in rest.as_object().expect("an object") {
        body[name] = value.clone();
    }
    body
}

fn post(body: &Value, caller: &Caller, session: Option<&Session>) -> Result<Handle, Refusal> {
    let request = read::document(body.to_string().as_bytes())?;
    let maker = Maker {
        caller,
        sandbox: &Sandbox::default(),
        session_ref: reference("s"),
        session,
        default_title: TitleId(1),
        sender: InviteInfo::named("Alpha"),
        invite_lifetime: SignedDuration::from_hours(24),
        id: Uuid::from_u128(7),
        now: start(),
    };
    make(&request, &maker)
}

fn rule(body: &Value, caller: &Caller, session: Option<&Session>) -> Option<Rule> {
    post(body, caller, session)
        .err()
        .map(|refusal| refusal.rule)
}

/// A session where `a` is active, `b` inactive, and a place is kept for 1003.
fn session(system: &Value) -> Session {
    let mut constants =
        json!({"inactiveRemovalTimeout": null, "inviteProtocol": "game", "maxMembersCount": 3});
    for (name, value) in system.as_object().expect("an object") {
        constants[name] = value.clone();
    }
    let mut world = World::new(&constants);
    world.ok(&a(), &playing());
    world.ok(&b(), &json!({"members": {"me": {}}}));
    world.ok(
        &a(),
        &json!({"members": {"reserve_0": {"constants": {"system": {"xuid": "1003"}}}}}),
    );
    world.session.expect("a session")
}

fn owned(policies: &Value) -> Session {
    session(
        &json!({"capabilities": {"hasOwners": true, "searchable": true}, "ownershipPolicies": policies}),
    )
}

#[test]
fn an_activity_takes_an_active_member() {
    let here = session(&json!({}));
    let body = request("activity", &json!({}));
    let handle = post(&body, &a(), Some(&here)).expect("an activity");
    assert_eq!(
        handle.body,
        Body::Activity {
            owner: Xuid(1001),
            title_id: TitleId(123),
            invite_protocol: Some("game".to_owned())
        }
    );
    assert_eq!((handle.expires, handle.creator), (None, Some(Xuid(1001))));
    let mut untitled = a();
    untitled.title_id = None;
    let handle = post(&body, &untitled, Some(&here)).expect("an activity");
    assert!(matches!(
        handle.body,
        Body::Activity {
            title_id: TitleId(1),
            ..
        }
    ));
    for (caller, session) in [
        (b(), Some(&here)),
        (c(), Some(&here)),
        (user(1009), Some(&here)),
        (server(), Some(&here)),
        (a(), None),
    ] {
        assert_eq!(
            rule(&body, &caller, session),
            Some(Rule::HandleForbidden),
            "{caller:?}"
        );
    }
    assert_eq!(
        rule(&body, &Caller::default(), Some(&here)),
        Some(Rule::NoUser)
    );
}

#[test]
fn a_version_other_than_one_and_an_unknown_type_are_refused() {
    let here = session(&json!({}));
    let body = request("activity", &json!({"version": 2}));
    assert_eq!(rule(&body, &a(), Some(&here)), Some(Rule::HandleVersion));
    let mut body = request("Activity", &json!({"id": "x", "unknown": [1]}));
    body.as_object_mut().expect("an object").remove("version");
    assert_eq!(rule(&body, &a(), Some(&here)), None);
    let refusal = post(&request("party", &json!({})), &a(), Some(&here)).expect_err("no such type");
    assert_eq!(
        (refusal.rule, refusal.path.as_str()),
        (Rule::MalformedBody, "type")
    );
}

fn invite(attributes: &Value) -> Value {
    request(
        "invite",
        &json!({"invitedXuid": "1005", "inviteAttributes": attributes}),
    )
}

#[test]
fn members_invite_and_owners_where_owners_decide() {
    let here = session(&json!({}));
    let body = invite(&json!({"titleId": "896928775"}));
    let handle = post(&body, &b(), Some(&here)).expect("an invitation");
    assert_eq!(
        handle.expires,
        Some(start() + SignedDuration::from_hours(24))
    );
    let Body::Invite {
        invited,
        attributes,
        invite_protocol,
        sender,
        ..
    } = &handle.body
    else {
        panic!("{handle:?}")
    };
    assert_eq!(
        (invited, attributes.title_id),
        (&Xuid(1005), TitleId(896_928_775))
    );
    assert_eq!(invite_protocol.as_deref(), Some("game"));
    assert_eq!(sender.sender, "Alpha");
    // Only accepted members, but whatever room there is; servers into any session.
    assert_eq!(rule(&body, &c(), Some(&here)), Some(Rule::HandleForbidden));
    assert_eq!(
        rule(&body, &user(1009), Some(&here)),
        Some(Rule::HandleForbidden)
    );
    assert_eq!(rule(&body, &a(), None), Some(Rule::HandleSessionMissing));
    assert_eq!(rule(&body, &server(), None), None);
    let senderless = post(&body, &server(), Some(&here)).expect("an invitation");
    assert_eq!(senderless.creator, None);

    for (policies, by_member) in [
        (json!({}), Some(Rule::HandleForbidden)),
        (
            json!({"allowNonOwnerInviteHandles": false}),
            Some(Rule::HandleForbidden),
        ),
        (json!({"allowNonOwnerInviteHandles": true}), None),
    ] {
        let here = owned(&policies);
        assert_eq!(rule(&body, &a(), Some(&here)), None);
        assert_eq!(rule(&body, &b(), Some(&here)), by_member);
    }
}

#[test]
fn an_invitation_names_user_and_title_and_its_texts_have_limits() {
    let here = session(&json!({}));
    let check = |body: Value, rule: Rule, path: &str| {
        let refusal = post(&body, &a(), Some(&here)).expect_err(path);
        assert_eq!(
            (refusal.rule, refusal.path.as_str()),
            (rule, path),
            "{refusal}"
        );
    };
    check(
        request("invite", &json!({})),
        Rule::HandleField,
        "invitedXuid",
    );
    check(
        request("invite", &json!({"invitedXuid": 5})),
        Rule::HandleField,
        "inviteAttributes",
    );
    check(invite(&json!({})), Rule::MalformedBody, "inviteAttributes");
    check(
        invite(&json!({"titleId": "x"})),
        Rule::MalformedBody,
        "inviteAttributes.titleId",
    );
    let context = |text: String| invite(&json!({"titleId": 1, "context": text}));
    check(
        context("x".repeat(257)),
        Rule::BadText,
        "inviteAttributes.context",
    );
    check(
        context(" ".repeat(86)),
        Rule::BadText,
        "inviteAttributes.context",
    );
    assert_eq!(rule(&context(" ".repeat(85)), &a(), Some(&here)), None);
    assert_eq!(rule(&context("x".repeat(256)), &a(), Some(&here)), None);
    for name in ["contextString", "senderString"] {
        let body = invite(&json!({"titleId": 1, name: "x".repeat(257)}));
        check(body, Rule::BadText, &format!("inviteAttributes.{name}"));
    }
}

#[test]
fn a_session_is_published_by_its_owners_if_it_is_searchable() {
    let body = request("search", &json!({}));
    assert_eq!(rule(&body, &a(), None), Some(Rule::HandleSessionMissing));
    assert_eq!(
        rule(&body, &a(), Some(&session(&json!({})))),
        Some(Rule::NotSearchable)
    );
    let open = session(&json!({"capabilities": {"searchable": true}}));
    let owned = owned(&json!({}));
    let rows = [
        // caller, where nobody owns, where somebody does
        (a(), None, None),
        (b(), None, Some(Rule::HandleForbidden)),
        (
            c(),
            Some(Rule::HandleForbidden),
            Some(Rule::HandleForbidden),
        ),
        (
            user(1009),
            Some(Rule::HandleForbidden),
            Some(Rule::HandleForbidden),
        ),
        (server(), None, None),
    ];
    for (caller, unowned, with_owners) in rows {
        assert_eq!(rule(&body, &caller, Some(&open)), unowned, "{caller:?}");
        assert_eq!(
            rule(&body, &caller, Some(&owned)),
            with_owners,
            "{caller:?}"
        );
    }
}

#[test]
fn search_attributes_are_few_short_and_well_named() {
    let here = session(&json!({"capabilities": {"searchable": true}}));
    let search = |attributes: &Value| request("search", &json!({ "searchAttributes": attributes }));
    let many: Vec<_> = (0..33).map(|n| format!("t{n}")).collect();
    let map = |value: Value| -> serde_json::Map<String, Value> {
        many.iter()
            .map(|name| (name.clone(), value.clone()))
            .collect()
    };
    let long: serde_json::Map<_, _> = (0..32)
        .map(|n| (format!("{}{n}", "x".repeat(97)), json!("y".repeat(99))))
        .collect();
    let bad = [
        (json!({"tags": ["1up"]}), "tags.1up"),
        (json!({"tags": ["two words"]}), "tags.two words"),
        (json!({"tags": [""]}), "tags."),
        (json!({"strings": {"x".repeat(100): "y"}}), ""),
        (json!({"strings": {"map": "y".repeat(100)}}), "strings.map"),
        (json!({"strings": {"9": "y"}}), "strings.9"),
        (json!({"numbers": {"a b": 1}}), "numbers.a b"),
        (json!({ "tags": many }), "tags"),
        (json!({"strings": map(json!("x"))}), "strings"),
        (json!({"numbers": map(json!(1))}), "numbers"),
        (
            json!({"achievementIds": many[..17].to_vec()}),
            "achievementIds",
        ),
        (
            json!({"strings": long, "tags": ["x".repeat(99), "y".repeat(99)], "locale": "l".repeat(4000)}),
            "*",
        ),
    ];
    for (attributes, path) in bad {
        let refusal = post(&search(&attributes), &a(), Some(&here)).expect_err(path);
        assert_eq!(refusal.rule, Rule::SearchAttribute, "{refusal}");
        match path {
            "" => {}
            "*" => assert_eq!(refusal.path, "searchAttributes"),
            path => assert_eq!(refusal.path, format!("searchAttributes.{path}")),
        }
    }
    let fine = json!({"tags": ["Micro", "soft"], "strings": {"Map": "y".repeat(99)}, "numbers": {"rank": 1.5, "n": 3},
        "achievementIds": ["1"], "locale": "en-us"});
    let handle = post(&search(&fine), &a(), Some(&here)).expect("a search handle");
    let Body::Search { attributes, .. } = &handle.body else {
        panic!("{handle:?}")
    };
    assert_eq!(serde_json::to_value(attributes).expect("JSON"), fine);
}

#[test]
fn a_transfer_leads_from_a_session_to_another() {
    let here = session(&json!({}));
    let body = request("transfer", &json!({"originSessionRef": session_ref()}));
    assert_eq!(
        rule(&request("transfer", &json!({})), &a(), Some(&here)),
        Some(Rule::HandleField)
    );
    let handle = post(&body, &b(), Some(&here)).expect("a transfer");
    assert_eq!(handle.expires, None);
    assert_eq!(
        rule(&body, &user(1009), Some(&here)),
        Some(Rule::HandleForbidden)
    );
    assert_eq!(rule(&body, &server(), Some(&here)), None);
    let dangling = post(&body, &user(1009), None).expect("a transfer to nowhere yet");
    assert_eq!(
        dangling.expires,
        Some(start() + SignedDuration::from_hours(24))
    );
    assert!(!dangling.is_expired(start()));
    assert!(dangling.is_expired(start() + SignedDuration::from_hours(24)));
}

#[test]
fn each_kind_of_handle_is_unique_in_its_own_way() {
    let here = session(&json!({"capabilities": {"searchable": true}}));
    let keys = |body: &Value| {
        post(body, &a(), Some(&here))
            .expect("a handle")
            .unique_keys()
    };
    assert_eq!(
        keys(&request("activity", &json!({}))),
        [
            "activity~retail~1001~title~123",
            "activity~retail~1001~scid~11111111-2222-3333-4444-555555555555",
        ]
    );
    let key = post(&request("search", &json!({})), &a(), Some(&here))
        .expect("a handle")
        .session_key();
    assert_eq!(keys(&request("search", &json!({}))), [search_key(&key)]);
    assert_eq!(
        keys(&request("correlation", &json!({}))),
        [correlation_key(&key)]
    );
    assert_eq!(
        search_key(&key),
        "search~retail~11111111-2222-3333-4444-555555555555~open~s"
    );
    assert!(keys(&invite(&json!({"titleId": 1}))).is_empty());
    assert!(
        keys(&request(
            "transfer",
            &json!({"originSessionRef": session_ref()})
        ))
        .is_empty()
    );
    let changing: Vec<_> = HandleType::ALL
        .iter()
        .filter(|kind| counts_as_change(**kind))
        .collect();
    assert_eq!(
        changing,
        [
            &HandleType::Activity,
            &HandleType::Search,
            &HandleType::Transfer
        ]
    );
}

#[test]
fn what_a_handle_grants_depends_on_its_kind_and_the_caller() {
    let here = session(&json!({"capabilities": {"searchable": true}}));
    let handle = |body: &Value| post(body, &a(), Some(&here)).expect("a handle");
    let invitation = handle(&invite(&json!({"titleId": 1})));
    let origin = reference("s");
    let rows = [
        (
            invitation.clone(),
            server(),
            Question::Settled(Grant::Nothing),
        ),
        (
            handle(&request("activity", &json!({}))),
            b(),
            Question::Follows {
                owner: Xuid(1001),
                caller: Xuid(1002),
            },
        ),
        (
            invitation.clone(),
            user(1005),
            Question::Settled(Grant::Invite),
        ),
        (invitation.clone(), b(), Question::Settled(Grant::Nothing)),
        (
            handle(&request("search", &json!({}))),
            b(),
            Question::Settled(Grant::Search),
        ),
        (
            handle(&request(
                "transfer",
                &json!({"originSessionRef": session_ref()}),
            )),
            b(),
            Question::MemberOf {
                origin: &origin,
                caller: Xuid(1002),
            },
        ),
        (
            handle(&request("correlation", &json!({}))),
            b(),
            Question::Settled(Grant::Nothing),
        ),
    ];
    for (handle, caller, expected) in rows {
        assert_eq!(question(&handle, &caller), expected, "{:?}", handle.kind());
    }
    let seen = |caller: &Caller| may_see(&invitation, caller, start());
    assert!(seen(&user(1005)) && seen(&a()) && seen(&server()));
    assert!(!seen(&b()) && !seen(&Caller::default()));
    assert!(!may_see(
        &invitation,
        &a(),
        start() + SignedDuration::from_hours(24)
    ));
}

#[test]
fn handles_are_deleted_by_those_they_belong_to() {
    let here = owned(&json!({}));
    let handle = |body: &Value, caller: &Caller| post(body, caller, Some(&here)).expect("a handle");
    let activity = handle(&request("activity", &json!({})), &a());
    let invitation = handle(&invite(&json!({"titleId": 1})), &a());
    let search = handle(&request("search", &json!({})), &server());
    let transfer = handle(
        &request("transfer", &json!({"originSessionRef": session_ref()})),
        &b(),
    );
    let mut other_title = a();
    other_title.title_id = Some(TitleId(5));
    let rows = [
        // handle, who may, who may not
        (
            &activity,
            vec![a()],
            vec![b(), server(), other_title, Caller::default()],
        ),
        (
            &invitation,
            vec![a(), user(1005), server()],
            vec![b(), Caller::default()],
        ),
        (&search, vec![a(), server()], vec![b(), Caller::default()]),
        (&transfer, vec![b(), server()], vec![a(), Caller::default()]),
    ];
    for (handle, may, may_not) in rows {
        for caller in may {
            assert!(
                check_deletion(handle, Some(&here), &caller).is_ok(),
                "{:?} {caller:?}",
                handle.kind()
            );
        }
        for caller in may_not {
            assert!(
                check_deletion(handle, Some(&here), &caller).is_err(),
                "{:?} {caller:?}",
                handle.kind()
            );
        }
    }
    assert!(check_deletion(&search, None, &a()).is_err());
}

#[test]
fn a_handle_tells_of_its_session_what_is_asked() {
    let here = owned(&json!({}));
    let search = post(&request("search", &json!({})), &a(), Some(&here)).expect("a handle");
    let game_types = RawJson::empty_object();
    let show = |include: &str, readable: bool, session: Option<&Session>| {
        let mut shown = query::document(&search, game_types.clone());
        let include = query::Include::parse(include);
        query::include(&mut shown, &search, session, include, readable);
        serde_json::to_value(shown).expect("JSON")
    };
    assert_eq!(
        show("", true, Some(&here)),
        json!({"id": "00000000-0000-0000-0000-000000000007", "type": "search", "version": 1,
               "sessionRef": session_ref(), "createTime": "2026-01-02T03:04:05.0000000Z", "searchAttributes": {}})
    );
    let shown = show(
        "relatedInfo, CUSTOMPROPERTIES,nonsense,activityInfo",
        true,
        Some(&here),
    );
    has(
        &shown,
        &json!({"activityInfo": {"titleId": "123"}, "customProperties": {}, "relatedInfo": {
        "visibility": "full", "joinRestriction": "none", "closed": false, "maxMembersCount": 3, "membersCount": 3,
        "sessionOwners": ["1001"], "inviteProtocol": "game"}}),
    );
    has(
        &show("customProperties,relatedInfo", false, None),
        &json!({"customProperties": {}, "relatedInfo": null}),
    );
    has(
        &show("roleInfo", true, Some(&here)),
        &json!({"roleInfo": {"roleTypes": {}}}),
    );
}
