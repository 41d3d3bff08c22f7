//! Handles and queries as shipping clients send them, and the answers that their decoders take.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::client_readers::{ActivityHandle, InviteHandle, read};
use crate::fixtures::LOBBY_SCID;
use crate::handle_steps::{
    S1, S2, active, activity, assert_content_location, cast, cast_in, connection, created, custom,
    follow, game, handle, invite, join, join_with, joining, member_xuids, path_of, reference,
    reference_in, session, session_answer, session_in, text, transfer, user, via,
};
use crate::world::{Answer, Player};

const LOBBY: &str = "MinecraftLobby";
const SESSION: &str = "1d7dcd77-0000-4000-8000-00000000abcd";

fn lobby() -> String {
    session_in(LOBBY_SCID, LOBBY, SESSION)
}

fn lobby_reference() -> Value {
    reference_in(LOBBY_SCID, LOBBY, SESSION)
}

/// The member that all clients of the block game write on creation and on joining.
fn me(xuid: u64, connection: &str) -> Value {
    json!({ "me": {
        "constants": { "system": { "xuid": xuid.to_string(), "initialize": true } },
        "properties": { "system": {
            "active": true, "connection": connection,
            "subscription": {
                "id": "845CC784-7348-4A27-BCDE-C083579DD113", "changeTypes": ["everything"],
            },
        } },
    } })
}

/// The main account publishes its world as Broadcaster does.
async fn publish(host: &Player) -> Answer {
    let body = json!({
        "properties": {
            "system": {
                "joinRestriction": "followed", "readRestriction": "followed", "closed": false,
            },
            "custom": {
                "hostName": "h", "worldName": "w", "MemberCount": 1, "MaxMemberCount": 10,
                "ownerId": host.xuid.to_string(), "rakNetGUID": "",
                "WebRTCNetworkId": 18_446_744_073_709_551_557_u64,
            },
        },
        "members": me(host.xuid, &connection(host)),
    });
    host.put(&lobby(), body).await
}

every_store! {
    async fn go_xsapi_publishes_and_reads_its_activity(w: World) {
        let a = user(&w, 1001, "123").await;
        publish(&a).await.expect(201);
        // Its bodies end in a newline.
        let body = format!("{}\n", handle("activity", &lobby_reference()));
        let call = a
            .request("POST", "/handles")
            .body(Some("application/json"), body);
        let created: ActivityHandle = read(&created(call.send().await));
        assert_eq!((created.r#type.as_str(), created.version), ("activity", 1));
        assert_eq!(created.owner_xuid, "1001");
        assert_eq!(created.title_id, "123");
        assert_eq!(created.invite_protocol, "game");
        assert!(created.game_types.is_empty());
        assert_eq!(created.session_ref, read(&lobby_reference()));
        assert_eq!(created.create_time, w.now());

        let path = "/handles/query?include=relatedInfo,customProperties";
        let query =
            json!({ "type": "activity", "scid": LOBBY_SCID, "owners": { "xuids": ["1001"] } });
        let mut found: Vec<ActivityHandle> =
            read(&a.post(path, query).await.expect(200).json()["results"]);
        let found = found.pop().expect("one activity");
        assert_eq!(found.id, created.id);
        let related = found.related_info.expect("relatedInfo");
        assert!(!related.closed);
        assert_eq!(related.join_restriction, "followed");
        assert_eq!((related.max_members_count, related.members_count), (30, 1));
        assert_eq!(related.visibility, "open");
        assert_eq!(related.posted_time, Some(w.now()));
        assert_eq!(related.invite_protocol.as_deref(), Some("game"));
        let properties = found.custom_properties.expect("customProperties");
        assert_eq!(
            properties["WebRTCNetworkId"],
            json!(18_446_744_073_709_551_557_u64)
        );
    }

    async fn go_xsapi_joins_by_handle_only_with_200_and_a_reference(w: World) {
        let (a, b) = (user(&w, 1001, "123").await, user(&w, 1002, "123").await);
        publish(&a).await.expect(201);
        follow(&a, &b).await;
        let path = via(&a, handle("activity", &lobby_reference())).await;
        let call = b.request("PUT", &path).header("If-Match", "*");
        let answer = call
            .json(json!({ "members": me(1002, &connection(&b)) }))
            .send()
            .await;
        let location = answer
            .header("content-location")
            .expect("a location")
            .to_owned();
        let segments: Vec<&str> = location.trim_start_matches('/').split('/').collect();
        assert_eq!(segments.len(), 6, "{location}");
        assert!(Uuid::parse_str(segments[1]).is_ok(), "{location}");
        assert_eq!((segments[3], segments[5]), (LOBBY, SESSION));
        let joined = session_answer(answer, 200);
        assert_eq!(
            joined["members"]["1"]["constants"]["system"]["initialize"],
            true
        );
        // What it is told it sends back verbatim.
        let etag = b.get(&lobby()).await.etag();
        let poll = b.request("GET", &lobby()).header("If-None-Match", &etag);
        poll.send().await.expect_empty(304);
    }

    async fn go_xsapi_and_bedrock_portal_invite_with_a_fixed_title(w: World) {
        let (a, c) = (user(&w, 1001, "123").await, user(&w, 1003, "123").await);
        publish(&a).await.expect(201);
        let mut body = invite(&lobby_reference(), 1003);
        body["inviteAttributes"]["titleId"] = json!("896928775");
        let call = a
            .request("POST", "/handles")
            .header("Accept-Language", "en-US")
            .json(body);
        let invite: InviteHandle = read(&created(call.send().await));
        assert_eq!((invite.r#type.as_str(), invite.version), ("invite", 1));
        assert_eq!(invite.invited_xuid, "1003");
        assert_eq!(invite.sender_xuid, "1001");
        assert_eq!(invite.invite_attributes.title_id, "896928775");
        assert_eq!(invite.invite_protocol, "game");
        assert_eq!(invite.session_ref, read(&lobby_reference()));
        assert!(w.now() < invite.expiration);
        let path = format!("/handles/{}/session", invite.id);
        let answer = c
            .put(&path, json!({ "members": me(1003, &connection(&c)) }))
            .await;
        session_answer(answer, 200);
    }

    async fn broadcaster_lets_its_sub_accounts_in_by_the_main_accounts_handle(w: World) {
        let (main, sub) = (user(&w, 1001, "123").await, user(&w, 1002, "123").await);
        publish(&main).await.expect(201);
        follow(&main, &sub).await;
        let posted = main
            .post("/handles", handle("activity", &lobby_reference()))
            .await;
        assert!(matches!(posted.status, 200 | 201));
        let path = format!("/handles/{}/session", text(&posted.json(), "id"));
        // It sends the main account's XUID and connection, without a precondition, again and again.
        let body = json!({ "members": me(main.xuid, &connection(&main)) });
        for _ in 0..3 {
            let session = session_answer(sub.put(&path, body.clone()).await, 200);
            assert_eq!(member_xuids(&session), ["1001", "1002"]);
            assert_eq!(
                session["members"]["1"]["properties"]["system"]["connection"],
                json!(connection(&main))
            );
        }
        // Its own update is the whole creation once more.
        publish(&main).await.expect(200);
    }

    async fn xsapi_finds_exactly_one_activity_to_clear(w: World) {
        let a = user(&w, 1001, "123").await;
        publish(&a).await.expect(201);
        for _ in 0..2 {
            let body = json!({ "type": "activity", "sessionRef": lobby_reference(), "version": 1 });
            created(a.post("/handles", body).await);
        }
        let query =
            json!({ "type": "activity", "scid": LOBBY_SCID, "owners": { "xuids": ["1001"] } });
        let path = "/handles/query?include=relatedInfo,customProperties";
        let found = a.post(path, query.clone()).await.expect(200).json();
        let found: Vec<ActivityHandle> = read(&found["results"]);
        assert_eq!(found.len(), 1);
        a.delete(&format!("/handles/{}", found[0].id))
            .await
            .expect_empty(204);
        let found = a.post(path, query).await.expect(200).json();
        assert_eq!(found, json!({ "results": [] }));
    }

    async fn xsapi_reads_a_search_handle_with_its_own_decoder(w: World) {
        let c = cast(&w).await;
        join(&c.a, &session("browse", "b1")).await;
        let bare =
            json!({ "type": "search", "sessionRef": reference("browse", "b1"), "version": 1 });
        let document = created(c.a.post("/handles", bare).await);
        assert_eq!(document["type"], "search");
        let mut body = handle("search", &reference("browse", "b1"));
        body["searchAttributes"] = json!({
            "tags": ["micsrequired", "girlsonly"], "strings": { "Class": "A" },
            "numbers": { "Skill_D": 10.145, "Skill_I": 14 },
        });
        let document = created(c.a.post("/handles", body.clone()).await);
        assert_eq!(document["searchAttributes"], body["searchAttributes"]);
        assert!(document["searchAttributes"]["numbers"]["Skill_I"].is_number());
    }

    async fn xsapi_moves_a_lobby_by_the_id_of_a_transfer_handle(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("lobby")).await;
        join(&c.b, &game("lobby")).await;
        join_with(&c.a, &game("match"), "joinRestriction", "local").await;
        let body = transfer(&reference("game", "match"), &reference("game", "lobby"));
        let document = created(c.a.post("/handles", body).await);
        // The title keeps the id in the lobby, `pending~` before it is good.
        let kept = custom("_xblGameSessionTransferHandle", text(&document, "id"));
        c.a.put(&game("lobby"), kept).await.expect(200);
        let lobby = c.b.get(&game("lobby")).await.json();
        let id = text(
            &lobby["properties"]["custom"],
            "_xblGameSessionTransferHandle",
        )
        .to_owned();
        let call =
            c.b.request("PUT", &format!("/handles/{id}/session"))
                .header("If-Match", "*");
        let answer = call.json(joining(&c.b)).send().await;
        assert_content_location(&answer, S1, "game", "match");
        session_answer(answer, 200);
    }

    async fn bedrock_portal_and_others_write_headers_their_own_way(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let call =
            c.a.request("POST", "/handles")
                .without("X-Xbl-Contract-Version");
        let call = call
            .header("x-xbl-contract-version", "107")
            .header("accept-language", "en-US");
        let call = call
            .header("signature", "AAAAAQHb0000")
            .json(activity("g1"));
        let path = path_of(&created(call.send().await));
        // friend-connect declares a content type where there is no content.
        for method in ["GET", "DELETE"] {
            let call =
                c.a.request(method, &path)
                    .header("Content-Type", "application/json");
            let answer = call.send().await;
            assert!(
                matches!(answer.status, 200 | 204),
                "{method}: {}",
                answer.text()
            );
        }
    }

    async fn friend_connect_is_told_that_an_invite_needs_somebody(w: World) {
        let c = cast(&w).await;
        join(&c.a, &game("g1")).await;
        let mut body = invite(&reference("game", "g1"), 1003);
        body.as_object_mut()
            .expect("an object")
            .remove("invitedXuid");
        c.a.post("/handles", body).await.expect_text(400);
        // It joins a second user with the first user's connection and one subscription for all.
        let second = json!({ "members": me(1002, &connection(&c.a)) });
        session_answer(c.b.put(&game("g1"), second).await, 200);
        let third = json!({ "members": me(1004, &connection(&c.a)) });
        session_answer(c.d.put(&game("g1"), third).await, 200);
    }

    async fn a_query_is_asked_in_the_ways_seen_in_the_wild(w: World) {
        let c = cast_in(&w, "123").await;
        publish(&c.a).await.expect(201);
        created(
            c.a.post("/handles", handle("activity", &lobby_reference()))
                .await,
        );
        follow(&c.b, &c.a).await;
        let bare = json!({ "type": "activity", "scid": LOBBY_SCID });
        let with = |owners: Value| {
            let mut body = bare.clone();
            body["owners"] = owners;
            body
        };
        let people = json!({ "people": { "moniker": "people", "monikerXuid": "1002" } });
        for (path, body) in [
            ("/handles/query?include=relatedInfo&xuid=1001", bare.clone()),
            (
                "/handles/query?include=relatedInfo,customProperties",
                with(people),
            ),
            (
                "/handles/query?include=relatedInfo,roleInfo,activityInfo",
                with(json!({ "xuids": ["1001"] })),
            ),
            (
                "/handles/query?include=relatedInfo%2CcustomProperties",
                with(json!({ "xuids": ["1001"] })),
            ),
        ] {
            let answer = c.b.post(path, body).await.expect(200).json();
            let found: Vec<ActivityHandle> = read(&answer["results"]);
            assert_eq!(found.len(), 1, "{path}");
            assert!(found[0].related_info.is_some(), "{path}");
        }
    }

    async fn a_template_name_with_parentheses_stays_readable_in_the_location(w: World) {
        let a = user(&w, 1001, "123").await;
        let path = via(
            &a,
            handle("correlation", &reference_in(S2, "global(lfg)", "post1")),
        )
        .await;
        let answer = a.put(&path, active(true)).await;
        assert_content_location(&answer, S2, "global(lfg)", "post1");
        session_answer(answer, 201);
        let by_name = session_in(S2, "global(lfg)", "post1");
        session_answer(a.get(&by_name).await, 200);
        session_answer(
            a.get(&by_name.replace('(', "%28").replace(')', "%29"))
                .await,
            200,
        );
        // Scripts post it for search, look at the code, and take the post away by leaving.
        let body = handle("search", &reference_in(S2, "global(lfg)", "post1"));
        let document = created(
            a.post("/handles?include=activityInfo,relatedInfo", body)
                .await,
        );
        assert_eq!(document["activityInfo"], json!({ "titleId": "123" }));
        assert_eq!(document["relatedInfo"]["membersCount"], 1);
        let left = a.delete(&format!("{by_name}/members/me")).await;
        assert!(matches!(left.status, 200 | 204), "{}", left.status);
        a.get(&path_of(&document)).await.expect_text(404);
    }
}
