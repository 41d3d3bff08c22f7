//! Session browse: queries for search handles.
//!
//! Not here: the filter language by itself, which the rules test, and what handles may say.

use serde_json::{Value, json};

use crate::handle_steps::{
    Cast, ID, S1, S2, S3, TIME, cast, cast_in, custom, follow, handle, join, joining, leaving,
    masked, post, reference, reference_in, session, session_in, system,
};
use crate::privacy_lists::{block, choose};
use crate::world::{Answer, Player};

/// A owns `b1` and has posted it as example 49 does.
async fn posted(c: &Cast) -> String {
    join(&c.a, &session("browse", "b1")).await;
    let attributes = json!({
        "tags": ["MicsRequired", "ProRank"], "strings": { "Class": "A" },
        "numbers": { "Skill_D": 10.145, "Skill_I": 14 },
    });
    post(&c.a, search("b1", &attributes)).await
}

fn search(name: &str, attributes: &Value) -> Value {
    let mut body = handle("search", &reference("browse", name));
    body["searchAttributes"] = attributes.clone();
    body
}

/// A session of the player's own, posted with one number.
async fn post_one(player: &Player, name: &str, number: i64) {
    join(player, &session("browse", name)).await;
    let body = search(name, &json!({ "numbers": { "n": number } }));
    player.post("/handles", body).await.expect(201);
}

/// A query for the handles of `browse` with these further fields.
fn query(rest: &Value) -> Value {
    let mut body =
        json!({ "type": "search", "scid": S1, "templateName": "browse", "global": true });
    for (name, value) in rest.as_object().expect("an object") {
        body[name] = value.clone();
    }
    body
}

async fn ask(player: &Player, rest: &Value) -> Answer {
    player.post("/handles/query", query(rest)).await
}

/// The names of the sessions that are found, in their order.
async fn names(player: &Player, rest: &Value) -> Vec<String> {
    let found = ask(player, rest).await.expect(200).json();
    let results = found["results"].as_array().expect("results");
    let name = |handle: &Value| {
        handle["sessionRef"]["name"]
            .as_str()
            .expect("a name")
            .to_owned()
    };
    results.iter().map(name).collect()
}

async fn matches(player: &Player, filter: &str) -> bool {
    names(player, &json!({ "filter": filter })).await == ["b1"]
}

every_store! {
    async fn h50_a_query_finds_the_one_handle_that_a_session_has(w: World) {
        let c = cast(&w).await;
        let old = posted(&c).await;
        let new = post(&c.a, search("b1", &json!({ "tags": ["again"] }))).await;
        let found = ask(&c.b, &json!({})).await.expect(200).json();
        let [only] = found["results"].as_array().expect("results").as_slice() else {
            panic!("not one: {found}");
        };
        assert_eq!(format!("/handles/{}", only["id"].as_str().expect("an id")), new);
        assert_ne!(old, new);
        assert!(!matches(&c.b, "tags/any(d:tolower(d) eq 'prorank')").await);
        assert!(matches(&c.b, "tags/any(d:tolower(d) eq 'again')").await);
    }

    async fn h52_a_query_answers_with_what_is_included(w: World) {
        let c = cast(&w).await;
        posted(&c).await;
        let body = query(&json!({
            "filter": "numbers/skill_i gt 10", "orderBy": "numbers/Skill_I desc",
        }));
        let path = "/handles/query?include=relatedInfo,roleInfo,customProperties";
        let found = c.b.post(path, body.clone()).await.expect(200).json();
        assert_eq!(
            masked(&found["results"][0]),
            json!({
                "id": ID, "type": "search", "version": 1, "createTime": TIME,
                "sessionRef": reference("browse", "b1"),
                "searchAttributes": {
                    "tags": ["MicsRequired", "ProRank"], "strings": { "Class": "A" },
                    "numbers": { "Skill_D": 10.145, "Skill_I": 14 },
                },
                "relatedInfo": {
                    "visibility": "open", "joinRestriction": "local", "closed": false,
                    "maxMembersCount": 4, "membersCount": 1, "inviteProtocol": "game",
                    "postedTime": "2026-01-01T00:00:00.0000000Z", "sessionOwners": ["1001"],
                },
                "customProperties": {},
                "roleInfo": { "roleTypes": { "lfg": { "roles": { "confirmed": {
                    "count": 0, "max": 4, "target": 3, "memberXuids": [],
                } } } } },
            })
        );
        assert_eq!(found["results"].as_array().map(Vec::len), Some(1));
        let plain = c.b.post("/handles/query", body.clone()).await.expect(200).json();
        let fields: Vec<&String> =
            plain["results"][0].as_object().expect("a handle").keys().collect();
        assert_eq!(
            fields,
            ["createTime", "id", "searchAttributes", "sessionRef", "type", "version"]
        );
        // What changes quickly is in the session, where queries read it (S13).
        c.a.put(&session("browse", "b1"), custom("map", "harbour")).await.expect(200);
        let all = "/handles/query?include=customProperties,session,activityInfo,nonsense";
        let found = c.b.post(all, body).await.expect(200).json();
        let result = &found["results"][0];
        assert_eq!(result["customProperties"], json!({ "map": "harbour" }));
        assert_eq!(result["session"]["properties"]["custom"], json!({ "map": "harbour" }));
        assert_eq!(result["activityInfo"], json!({ "titleId": "777" }));
    }

    async fn what_is_included_tells_what_a_post_says_and_leaves_out_what_it_does_not(w: World) {
        let c = cast_in(&w, "123").await;
        let path = session_in(S2, "bare", "post");
        let mut body = joining(&c.a);
        body["constants"] = json!({ "system": { "capabilities": { "searchable": true } } });
        body["roleTypes"] = json!({ "lfg": { "roles": { "any": {}, "few": { "max": 2 } } } });
        body["members"]["me"]["roles"] = json!({ "lfg": "any" });
        body["properties"] = json!({ "system": {
            "description": { "text": "late raid", "locale": "en-US" }, "keywords": ["raid"],
            "scheduledTime": "2025-12-31T20:00:00Z", "searchHandleVisibility": "xboxlive",
        } });
        c.a.put(&path, body).await.expect(201);
        post(&c.a, handle("search", &reference_in(S2, "bare", "post"))).await;
        let query = json!({ "type": "search", "scid": S2, "templateName": "bare" });
        let all = "/handles/query?include=relatedInfo,roleInfo";
        let found = c.b.post(all, query).await.expect(200).json();
        assert_eq!(found["results"][0]["relatedInfo"], json!({
            "visibility": "open", "joinRestriction": "none", "closed": false,
            "maxMembersCount": 100, "membersCount": 1, "postedTime": "2026-01-01T00:00:00.0000000Z",
            "sessionOwners": ["1001"], "keywords": ["raid"],
            "description": { "text": "late raid", "locale": "en-US" },
            "scheduledTime": "2025-12-31T20:00:00Z", "searchHandleVisibility": "xboxlive",
        }));
        assert_eq!(found["results"][0]["roleInfo"], json!({ "roleTypes": { "lfg": { "roles": {
            "any": { "count": 1, "memberXuids": ["1001"] },
            "few": { "count": 0, "max": 2, "memberXuids": [] },
        } } } }));
    }

    async fn h53_filters_that_match(w: World) {
        let c = cast(&w).await;
        posted(&c).await;
        for filter in [
            "tags/any(d:tolower(d) eq 'micsrequired')",
            "tolower(strings/class) eq 'a'",
            "numbers/skill_d gt 10",
            "tags/any(d:tolower(d) ne 'swearing')",
            "numbers/missing ne 0",
            "session/needs ge 1",
            "session/roles/lfg/confirmed/needs le 15",
            "session/ownerXuids/any(d:d eq '1001')",
            "session/postedTime le '2999-01-01T00:00:00Z'",
            "tags/any(a:tolower(a) eq 'nope') or number/skill_i gt 5 and string/class eq 'a'",
            "tags/any(d:tolower(d) eq 'prorank') eq true and numbers/skill_i eq 14",
            "tolower(session / templateName) eq 'browse'",
            "session/templateName eq 'BROWSE'",
        ] {
            assert!(matches(&c.b, filter).await, "{filter}");
        }
    }

    async fn h54_filters_that_do_not_match(w: World) {
        let c = cast(&w).await;
        posted(&c).await;
        for filter in [
            "tags/any(d:tolower(d) eq 'MicsRequired')",
            "tags/any(d:tolower(d) ne 'prorank')",
            "numbers/missing eq 0",
            "numbers/skill_i lt 14",
            "session/maxMembersCount lt 3",
        ] {
            assert!(!matches(&c.b, filter).await, "{filter}");
        }
    }

    async fn h55_a_filter_that_cannot_be_read_is_refused_with_its_column(w: World) {
        let c = cast(&w).await;
        posted(&c).await;
        for (filter, column) in [
            ("a eq 1 or b eq 2 or c eq 3", 1),
            ("(numbers/a eq 1 or numbers/b eq 2) and numbers/c eq 3", 17),
            ("contains(strings/class,'a')", 1),
            ("numbers/skill_i eq 'x'", 20),
            ("foo/bar eq 1", 1),
            ("tags eq 'x'", 6),
            ("numbers/skill_i eq", 19),
            ("", 1),
        ] {
            let place = format!("filter: column {column}: expected");
            ask(&c.b, &json!({ "filter": filter })).await.expect_naming(400, &place);
        }
        ask(&c.b, &json!({ "orderBy": "numbers/a asc, numbers/b asc" }))
            .await
            .expect_naming(400, "orderBy: column 14: expected the end");
    }

    async fn h56_at_most_100_handles_are_answered(w: World) {
        let c = cast(&w).await;
        for number in 0..120 {
            post_one(&c.a, &format!("m{number}"), number).await;
        }
        let all = json!({ "orderBy": "numbers/n desc" });
        let found = names(&c.b, &all).await;
        let expected: Vec<String> = (20..120).rev().map(|number| format!("m{number}")).collect();
        assert_eq!(found, expected);
        let five = json!({ "take": 5, "orderBy": "numbers/n" });
        assert_eq!(names(&c.b, &five).await, ["m0", "m1", "m2", "m3", "m4"]);
        assert_eq!(names(&c.b, &json!({ "take": 0 })).await.len(), 0);
        ask(&c.b, &json!({ "take": 101 })).await.expect_naming(400, "take");
        let by_url = c.b.post("/handles/query?take=2", query(&all)).await.expect(200).json();
        assert_eq!(by_url["results"].as_array().map(Vec::len), Some(2));
        // Most of the first ones cannot be shown: others take their places.
        for number in 40..120 {
            c.a.put(&session("browse", &format!("m{number}")), system("scheduledTime", "2026-06-01T00:00:00Z"))
                .await
                .expect(200);
        }
        let few = json!({ "take": 3, "orderBy": "numbers/n desc" });
        assert_eq!(names(&c.b, &few).await, ["m39", "m38", "m37"]);
    }

    async fn h57_only_sessions_with_certain_members_are_found(w: World) {
        let c = cast(&w).await;
        post_one(&c.a, "of-a", 1).await;
        post_one(&c.b, "of-b", 2).await;
        follow(&c.c, &c.a).await;
        follow(&c.c, &c.b).await;
        c.c.request("PUT", "/users/me/people/favorites/xuid(1002)").send().await.expect(204);
        let of = |moniker: &str, whose: &str| {
            json!({ "orderBy": "numbers/n", "sessionMembers": { "people": {
                "moniker": moniker, "monikerXuid": whose,
            } } })
        };
        assert_eq!(names(&c.c, &of("favorites", "1003")).await, ["of-b"]);
        assert_eq!(names(&c.c, &of("people", "1003")).await, ["of-a", "of-b"]);
        ask(&c.c, &of("favorites", "1001")).await.expect_naming(403, "sessionMembers.people.monikerXuid");
        ask(&c.c, &of("nobody", "1003")).await.expect_naming(400, "sessionMembers.people.moniker");
        let users = json!({ "sessionMembers": { "xuids": ["1001", "1003"] } });
        assert_eq!(names(&c.c, &users).await, ["of-a"]);
        let both = json!({ "sessionMembers": { "xuids": [], "people": { "moniker": "people" } } });
        ask(&c.c, &both).await.expect_naming(400, "sessionMembers");
        // A reservation is no coming.
        c.a.put(&session("browse", "of-a"), json!({ "members": { "reserve_0": {
            "constants": { "system": { "xuid": "1005" } },
        } } })).await.expect(200);
        assert!(names(&c.c, &json!({ "sessionMembers": { "xuids": ["1005"] } })).await.is_empty());
    }

    async fn h60_a_handle_that_has_ended_is_found_no_more(w: World) {
        let c = cast(&w).await;
        let path = posted(&c).await;
        c.a.delete(&path).await.expect_empty(204);
        assert!(names(&c.b, &json!({})).await.is_empty());
        post(&c.a, search("b1", &json!({}))).await;
        assert_eq!(names(&c.b, &json!({})).await, ["b1"]);
        c.a.put(&session("browse", "b1"), leaving()).await.expect_empty(204);
        assert!(names(&c.b, &json!({})).await.is_empty());
        // A session of the same name has a handle of its own or none.
        join(&c.a, &session("browse", "b1")).await;
        assert!(names(&c.b, &json!({})).await.is_empty());
    }

    async fn what_was_posted_is_found_after_a_restart(w: World) {
        let c = cast(&w).await;
        posted(&c).await;
        post(&c.a, search("b1", &json!({ "tags": ["second"] }))).await;
        post_one(&c.b, "b2", 2).await;
        post_one(&c.b, "b3", 3).await;
        c.b.put(&session("browse", "b3"), leaving()).await.expect_empty(204);
        let before = names(&c.c, &json!({})).await;
        assert_eq!(before.len(), 2);
        let w = w.restart().await;
        let c = cast(&w).await;
        let durable = c.a.get(&session("browse", "b1")).await.status == 200;
        let found = names(&c.c, &json!({})).await;
        assert_eq!(found, if durable { before } else { Vec::new() });
        assert_eq!(matches(&c.c, "tags/any(d:d eq 'second')").await, durable);
    }

    async fn rule_o4_what_has_no_value_comes_last_and_equals_come_newest_first(w: World) {
        let c = cast(&w).await;
        for (name, attributes) in [
            ("none", json!({})),
            ("one", json!({ "numbers": { "n": 1 } })),
            ("again", json!({ "numbers": { "N": 1 } })),
            ("two", json!({ "numbers": { "n": 2 } })),
        ] {
            join(&c.a, &session("browse", name)).await;
            post(&c.a, search(name, &attributes)).await;
            w.advance(1_000).await;
        }
        let ordered = |order: &str| json!({ "orderBy": order });
        let asc = names(&c.b, &ordered("numbers/n")).await;
        assert_eq!(asc, ["again", "one", "two", "none"]);
        let desc = names(&c.b, &ordered("numbers/n desc")).await;
        assert_eq!(desc, ["two", "again", "one", "none"]);
        assert_eq!(names(&c.b, &json!({})).await, ["two", "again", "one", "none"]);
    }

    async fn rule_o3_suggestions_begin_with_people_and_then_with_what_is_nearly_full(w: World) {
        let c = cast(&w).await;
        post_one(&c.a, "of-a", 1).await;
        post_one(&c.b, "of-b", 1).await;
        post_one(&c.d, "of-d", 1).await;
        // Of `of-b` one place less is wanted.
        let path = post(&c.b, search("of-b", &json!({}))).await;
        c.e.put(&format!("{path}/session"), joining(&c.e)).await.expect(200);
        follow(&c.c, &c.d).await;
        let suggested = json!({ "orderBy": "suggestedLfg desc" });
        assert_eq!(names(&c.c, &suggested).await, ["of-d", "of-b", "of-a"]);
        assert_eq!(names(&c.a, &suggested).await[0], "of-b");
    }

    async fn rule_q10_private_sessions_are_not_found_closed_and_full_ones_are(w: World) {
        let c = cast_in(&w, "123").await;
        for (name, visibility) in [("open", "open"), ("hidden", "private")] {
            let mut body = joining(&c.a);
            body["constants"] = json!({ "system": {
                "visibility": visibility, "maxMembersCount": 1, "capabilities": { "searchable": true },
            } });
            c.a.put(&session_in(S2, "bare", name), body).await.expect(201);
            c.a.post("/handles", handle("search", &reference_in(S2, "bare", name)))
                .await
                .expect(201);
        }
        c.a.put(&session_in(S2, "bare", "open"), system("closed", true)).await.expect(200);
        let body = json!({ "type": "search", "scid": S2, "templateName": "bare" });
        let found = c.a.post("/handles/query", body).await.expect(200).json();
        assert_eq!(found["results"][0]["sessionRef"]["name"], "open");
        assert_eq!(found["results"].as_array().map(Vec::len), Some(1));
    }

    async fn rule_2_1_scheduled_sessions_are_found_on_request_and_when_their_time_has_come(w: World) {
        let c = cast(&w).await;
        posted(&c).await;
        c.a.put(&session("browse", "b1"), system("scheduledTime", "2026-01-01T00:00:10Z"))
            .await
            .expect(200);
        assert!(names(&c.b, &json!({})).await.is_empty());
        let later = json!({ "includeScheduled": true, "filter": "session/scheduledTime lt '2027-01-01T00:00:00Z'" });
        assert_eq!(names(&c.b, &later).await, ["b1"]);
        w.advance(10_000).await;
        assert_eq!(names(&c.b, &json!({})).await, ["b1"]);
    }

    async fn rule_s17_a_visibility_of_its_own_shows_a_handle_to_followers_only(w: World) {
        let c = cast(&w).await;
        posted(&c).await;
        let b1 = session("browse", "b1");
        c.a.put(&b1, system("searchHandleVisibility", "XboxLive")).await.expect(200);
        assert_eq!(names(&c.b, &json!({})).await, ["b1"]);
        c.a.put(&b1, system("searchHandleVisibility", "friends")).await.expect(200);
        assert!(names(&c.b, &json!({})).await.is_empty());
        assert_eq!(names(&c.a, &json!({})).await, ["b1"]);
        assert_eq!(names(&c.svc, &json!({})).await, ["b1"]);
        follow(&c.b, &c.a).await;
        assert_eq!(names(&c.b, &json!({})).await, ["b1"]);
    }

    async fn rule_2_1_sessions_are_found_by_their_owners(w: World) {
        let c = cast(&w).await;
        post_one(&c.a, "of-a", 1).await;
        post_one(&c.b, "of-b", 2).await;
        for owners in [
            json!("1002"),
            json!(1002),
            json!(["1002", "1003"]),
            json!({ "xuids": ["1002"] }),
        ] {
            assert_eq!(names(&c.c, &json!({ "sessionOwners": owners })).await, ["of-b"], "{owners}");
        }
        ask(&c.c, &json!({ "sessionOwners": true })).await.expect_naming(400, "sessionOwners");
        ask(&c.c, &json!({ "sessionOwners": "me" })).await.expect_naming(400, "sessionOwners");
        assert!(names(&c.c, &json!({ "followed": true })).await.is_empty());
        assert_eq!(names(&c.c, &json!({ "followed": false })).await.len(), 2);
        follow(&c.c, &c.a).await;
        assert_eq!(names(&c.c, &json!({ "followed": true })).await, ["of-a"]);
    }

    async fn rule_q9_a_blocked_user_does_not_find_what_the_owner_posts(w: World) {
        let c = cast(&w).await;
        posted(&c).await;
        let block = json!({ "xuid": 1003 });
        c.a.request("PUT", "/users/me/people/never").json(block).send().await.expect(200);
        assert!(names(&c.c, &json!({})).await.is_empty());
        assert_eq!(names(&c.b, &json!({})).await, ["b1"]);
    }

    async fn c25_a_query_can_leave_out_owners_to_whom_the_caller_may_not_write(w: World) {
        let c = cast(&w).await;
        for (player, name) in [(&c.b, "b1"), (&c.c, "b2"), (&c.d, "b3")] {
            post_one(player, name, 1).await;
            w.advance(1000).await;
        }
        block(&c.a, &c.b).await;
        choose(&c.c, "CommunicateUsingTextAndVoice", "Blocked").await;
        let required = |yes: bool| json!({ "communicatePermissionRequired": yes });
        assert_eq!(names(&c.a, &required(true)).await, ["b3"]);
        for all in [required(false), json!({})] {
            assert_eq!(names(&c.a, &all).await, ["b3", "b2", "b1"]);
        }
        follow(&c.a, &c.c).await;
        assert_eq!(names(&c.a, &json!({ "followed": true })).await, ["b2"]);
    }

    async fn rule_2_1_a_query_is_bound_to_a_service_a_template_or_a_filter(w: World) {
        let c = cast(&w).await;
        posted(&c).await;
        let ask = |body: Value| c.b.post("/handles/query", body);
        ask(json!({ "type": "search" })).await.expect_naming(400, "`scid`, `templateName` and `filter`");
        for body in [
            json!({ "type": "search", "scid": S1 }),
            json!({ "type": "search", "templateName": "BROWSE" }),
            json!({ "type": "search", "filter": "session/needs ge 1" }),
        ] {
            let found = ask(body.clone()).await.expect(200).json();
            assert_eq!(found["results"][0]["sessionRef"]["name"], "b1", "{body}");
        }
        ask(json!({ "type": "search", "scid": S1, "templateName": "none" })).await.expect_text(404);
        ask(json!({ "type": "search", "scid": S3 })).await.expect_text(403);
        // Of another title, and of another sandbox, nothing is found.
        let stranger = w.token(json!({ "xuid": "1009", "titleId": "888" })).await;
        let any = json!({ "type": "search", "filter": "session/needs ge 1" });
        let found = stranger.post("/handles/query", any.clone()).await.expect(200).json();
        assert_eq!(found, json!({ "results": [] }));
        let elsewhere = w.token(json!({ "xuid": "1009", "titleId": "777", "sandbox": "OTHER.1" })).await;
        let found = elsewhere.post("/handles/query", any).await.expect(200).json();
        assert_eq!(found, json!({ "results": [] }));
    }
}
