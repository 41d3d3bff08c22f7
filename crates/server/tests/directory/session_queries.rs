//! Queries for sessions, one by one and as a batch: what is found, how it shows, what is refused.

use serde_json::{Value, json};

use crate::fixtures::{A, B, C, SCID, active, create, leave, me, reserve, session, system};
use crate::handles_query::results;
use crate::world::{Answer, Player, World};

fn sessions(parameters: &str) -> String {
    format!("/serviceconfigs/{SCID}/sessions?{parameters}")
}

fn of_template(template: &str, parameters: &str) -> String {
    format!("/serviceconfigs/{SCID}/sessiontemplates/{template}/sessions?{parameters}")
}

fn batch(within: &str, parameters: &str) -> String {
    format!("/serviceconfigs/{SCID}{within}/batch{parameters}")
}

/// The names of the sessions found, in order.
#[track_caller]
fn names(answer: Answer) -> Vec<String> {
    let name = |found: &Value| found["sessionRef"]["name"].as_str().map(str::to_owned);
    results(answer).iter().filter_map(name).collect()
}

#[track_caller]
fn refused(answer: Answer, status: u16, parameter: &str) {
    answer.expect_naming(status, parameter);
}

/// A has made these sessions, each a second after the one before.
async fn made(w: &World, a: &Player, sessions: &[(&str, &str)]) {
    for (template, name) in sessions {
        a.put(&session(template, name), create(A)).await.expect(201);
        w.advance(1000).await;
    }
}

async fn keyword(player: &Player, path: &str, words: &[&str]) {
    player
        .put(path, system(json!({"keywords": words})))
        .await
        .expect(200);
}

every_store! {
    async fn h62_a_users_sessions_are_found(w: World) {
        let a = w.user(A).await;
        let made = a.put(&session("open", "s1"), create(A)).await.expect(201).json();
        let found = results(a.get(&sessions("xuid=1001")).await);
        assert_eq!(found, [json!({
            "xuid": "1001", "startTime": made["startTime"],
            "sessionRef": {"scid": SCID, "templateName": "open", "name": "s1"},
            "accepted": 1, "status": "active", "visibility": "open",
        })]);
        assert_eq!(results(a.get(&sessions("XUID=1002")).await), [] as [Value; 0]);
    }

    async fn h63_a_query_names_a_user_or_a_keyword_and_takes_0_to_100(w: World) {
        let a = w.user(A).await;
        made(&w, &a, &[("open", "s1")]).await;
        refused(a.get(&sessions("")).await, 400, "");
        refused(a.get(&sessions("private=true")).await, 400, "");
        refused(a.get(&sessions("xuid=1001&take=101")).await, 400, "take");
        refused(a.get(&sessions("xuid=1001&take=-1")).await, 400, "take");
        refused(a.get(&sessions("xuid=A")).await, 400, "xuid");
        refused(a.get(&sessions("keyword=")).await, 400, "keyword");
        refused(a.get(&sessions("xuid=1001&inactive=1")).await, 400, "inactive");
        assert_eq!(names(a.get(&sessions("xuid=1001&take=0")).await), [] as [&str; 0]);
        assert_eq!(names(a.get(&sessions("xuid=1001&skip=5")).await), ["s1"]);
    }

    async fn h64_private_sessions_and_reservations_are_shown_to_the_user_and_to_services(w: World) {
        let (a, c, svc) = (w.user(A).await, w.user(C).await, w.server().await);
        made(&w, &a, &[("open", "s1"), ("priv", "p1")]).await;
        refused(c.get(&sessions("xuid=1001&private=true")).await, 403, "private");
        refused(c.get(&sessions("xuid=1001&reservations=true")).await, 403, "reservations");
        refused(a.get(&sessions("keyword=x&private=true")).await, 403, "private");
        for asking in [&svc, &a] {
            assert_eq!(names(asking.get(&sessions("xuid=1001&private=true")).await), ["p1", "s1"]);
            let reservations = asking.get(&sessions("xuid=1001&reservations=true")).await;
            assert_eq!(names(reservations), ["s1"]);
        }
        assert_eq!(names(c.get(&sessions("xuid=1001")).await), ["s1"]);
    }

    async fn h65_visibility_narrows_and_private_needs_its_flag(w: World) {
        let a = w.user(A).await;
        made(&w, &a, &[("open", "s1"), ("vis", "v1"), ("priv", "p1")]).await;
        refused(a.get(&sessions("xuid=1001&visibility=private")).await, 400, "visibility");
        refused(a.get(&sessions("xuid=1001&visibility=secret")).await, 400, "visibility");
        let only = |visibility: &str| sessions(&format!("xuid=1001&private=true&visibility={visibility}"));
        assert_eq!(names(a.get(&only("private")).await), ["p1"]);
        assert_eq!(names(a.get(&only("visible")).await), ["v1"]);
        assert_eq!(names(a.get(&only("Open")).await), ["s1"]);
        assert_eq!(names(a.get(&only("full")).await), [] as [&str; 0]);
    }

    async fn h66_reserved_and_inactive_places_are_found_when_asked_for(w: World) {
        let (a, b, c) = (w.user(A).await, w.user(B).await, w.user(C).await);
        let path = session("slow", "s1");
        a.put(&path, create(A)).await.expect(201);
        a.put(&path, reserve(&[C])).await.expect(200);
        b.put(&path, active()).await.expect(200);
        b.put(&path, crate::handle_steps::active(false)).await.expect(200);
        assert_eq!(names(c.get(&sessions("xuid=1003")).await), [] as [&str; 0]);
        let found = results(c.get(&sessions("xuid=1003&reservations=true")).await);
        assert_eq!((&found[0]["status"], &found[0]["accepted"]), (&json!("reserved"), &json!(2)));
        assert_eq!(names(b.get(&sessions("xuid=1002")).await), [] as [&str; 0]);
        let found = results(a.get(&sessions("xuid=1002&inactive=true")).await);
        assert_eq!(found[0]["status"], "inactive");
        // What time has done by now is done before the answer.
        w.advance_lazily(5001);
        assert_eq!(names(b.get(&sessions("xuid=1002&inactive=true")).await), [] as [&str; 0]);
    }

    async fn h67_keywords_find_sessions_in_any_case(w: World) {
        let (a, c) = (w.user(A).await, w.user(C).await);
        made(&w, &a, &[("open", "s1"), ("open", "s2"), ("keep", "s3")]).await;
        keyword(&a, &session("open", "s1"), &["ranked", "Short"]).await;
        keyword(&a, &session("keep", "s3"), &["RANKED"]).await;
        let found = results(c.get(&sessions("keyword=Ranked")).await);
        let started = a.get(&session("keep", "s3")).await.json()["startTime"].clone();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0], json!({
            "startTime": started, "sessionRef": {"scid": SCID, "templateName": "keep", "name": "s3"},
            "accepted": 1, "visibility": "open", "keywords": ["RANKED"],
        }));
        assert_eq!(found[1]["keywords"], json!(["ranked", "Short"]));
        assert_eq!(names(c.get(&of_template("OPEN", "keyword=ranked")).await), ["s1"]);
        assert_eq!(names(c.get(&sessions("keyword=ranked&xuid=1001&take=1")).await), ["s3"]);
        refused(a.get(&sessions("keyword=x&reservations=true")).await, 400, "reservations");
        refused(a.get(&sessions("keyword=x&inactive=true")).await, 400, "inactive");
        // Who leaves is found no more, and an ended session neither.
        a.put(&session("open", "s1"), leave()).await.expect(204);
        assert_eq!(names(c.get(&of_template("open", "keyword=ranked")).await), [] as [&str; 0]);
    }

    async fn h68_the_version_is_one_that_the_contract_knows(w: World) {
        let a = w.user(A).await;
        made(&w, &a, &[("open", "s1")]).await;
        refused(a.get(&sessions("xuid=1001&version=8")).await, 400, "version");
        refused(a.get(&sessions("xuid=1001&version=0")).await, 400, "version");
        assert_eq!(names(a.get(&sessions("xuid=1001&version=7")).await), ["s1"]);
        let old = a.request("GET", &sessions("xuid=1001&version=7")).contract("105");
        refused(old.send().await, 400, "version");
        let old = a.request("GET", &sessions("xuid=1001&version=5")).contract("105");
        assert_eq!(names(old.send().await), ["s1"]);
    }

    async fn h69_a_batch_finds_the_sessions_of_one_user_after_the_other(w: World) {
        let (a, b) = (w.user(A).await, w.user(B).await);
        made(&w, &a, &[("open", "s1"), ("keep", "s2")]).await;
        b.put(&session("open", "s1"), active()).await.expect(200);
        let of = |xuids: &[&str]| json!({"xuids": xuids});
        let found = results(a.post(&batch("", ""), of(&["1002", "1001", "1002"])).await);
        let pairs: Vec<_> = found.iter().map(|it| (&it["xuid"], &it["sessionRef"]["name"])).collect();
        let expected = [("1002", "s1"), ("1001", "s2"), ("1001", "s1")].map(|(x, n)| (json!(x), json!(n)));
        assert_eq!(pairs, expected.iter().map(|(x, n)| (x, n)).collect::<Vec<_>>());
        let two = a.post(&batch("", "?take=2"), of(&["1002", "1001"])).await;
        assert_eq!(names(two), ["s1", "s2"]);
        let open = a.post(&batch("/sessionTemplates/open", ""), of(&["1002", "1001"])).await;
        assert_eq!(names(open), ["s1", "s1"]);
        refused(a.post(&batch("", ""), of(&[])).await, 400, "xuids");
        refused(a.post(&batch("", ""), of(&["1"; 101])).await, 400, "xuids");
        a.post(&batch("", ""), json!({})).await.expect_text(400);
        refused(a.post(&batch("", "?xuid=1001"), of(&["1001"])).await, 400, "xuid");
        let private = batch("/sessiontemplates/open", "?private=true");
        refused(a.post(&private, of(&["1001", "1002"])).await, 403, "private");
        let svc = w.server().await;
        assert_eq!(names(svc.post(&private, of(&["1001", "1002"])).await), ["s1", "s1"]);
        let unknown = "/serviceconfigs/00000000-dead-4000-8000-000000000000";
        a.post(&format!("{unknown}/batch"), of(&["1001"])).await.expect_text(404);
        a.get(&format!("{unknown}/sessions?xuid=1001")).await.expect_text(404);
        a.get(&of_template("none", "xuid=1001")).await.expect_text(404);
    }

    async fn h70_a_full_session_shows_so_and_its_restriction_with_it(w: World) {
        let (a, c) = (w.user(A).await, w.user(C).await);
        let path = session("open", "s1");
        a.put(&path, create(A)).await.expect(201);
        a.put(&path, reserve(&[B, C, 1004])).await.expect(200);
        let found = results(c.get(&sessions("xuid=1001")).await);
        assert_eq!((&found[0]["visibility"], &found[0]["accepted"]), (&json!("full"), &json!(1)));
        assert_eq!(found[0].get("joinRestriction"), None);
        a.put(&path, system(json!({"joinRestriction": "followed"}))).await.expect(200);
        let found = results(c.get(&sessions("xuid=1001&visibility=full")).await);
        assert_eq!(found[0]["joinRestriction"], "followed");
        a.put(&session("vis", "v1"), create(A)).await.expect(201);
        a.put(&session("vis", "v1"), system(json!({"joinRestriction": "followed"}))).await.expect(200);
        let found = results(a.get(&sessions("xuid=1001&visibility=visible")).await);
        assert_eq!(found[0].get("joinRestriction"), None);
    }

    async fn whose_turn_it_is_shows(w: World) {
        let a = w.user(A).await;
        let path = session("open", "s1");
        a.put(&path, create(A)).await.expect(201);
        a.put(&path, system(json!({"turn": [0]}))).await.expect(200);
        assert_eq!(results(a.get(&sessions("xuid=1001")).await)[0]["myTurn"], true);
    }

    async fn a_ready_member_counts_as_inactive(w: World) {
        let (a, b) = (w.user(A).await, w.user(B).await);
        let path = session("slow", "s1");
        a.put(&path, create(A)).await.expect(201);
        b.put(&path, me(json!({"ready": true}))).await.expect(200);
        assert_eq!(names(a.get(&sessions("xuid=1002")).await), [] as [&str; 0]);
        let found = results(a.get(&sessions("xuid=1002&inactive=true")).await);
        assert_eq!((found.len(), &found[0]["status"]), (1, &json!("inactive")));
    }

    async fn an_asked_visibility_counts_more_than_the_flag_for_private_sessions(w: World) {
        let a = w.user(A).await;
        made(&w, &a, &[("open", "s1"), ("priv", "p1")]).await;
        let both = sessions("xuid=1001&private=true&visibility=open");
        assert_eq!(names(a.get(&both).await), ["s1"]);
        // Private sessions have no keywords, so that services find none by them either.
        let by_keyword = w.server().await.get(&sessions("keyword=k&private=true")).await;
        assert_eq!(names(by_keyword), [] as [&str; 0]);
    }

    async fn large_sessions_are_found_by_user_and_by_keyword(w: World) {
        let (a, b) = (w.user(A).await, w.user(B).await);
        let path = session("big", "s1");
        a.put(&path, create(A)).await.expect(201);
        b.put(&path, me(json!({"ready": true}))).await.expect(200);
        keyword(&a, &path, &["raid"]).await;
        let of_b = results(a.get(&sessions("xuid=1002&inactive=true")).await);
        assert_eq!((&of_b[0]["status"], &of_b[0]["accepted"]), (&json!("inactive"), &json!(2)));
        let by_word = results(w.user(C).await.get(&sessions("keyword=raid")).await);
        assert_eq!((&by_word[0]["sessionRef"]["name"], &by_word[0]["accepted"]), (&json!("s1"), &json!(2)));
    }

    async fn a_query_takes_the_multiplayer_privilege(w: World) {
        let body = json!({"xuid": "1001", "titleId": "123", "privileges": [252]});
        let a = w.token(body).await;
        a.get(&sessions("xuid=1001")).await.expect_text(403);
        let xuids = json!({"xuids": ["1001"]});
        a.post(&batch("", ""), xuids).await.expect_text(403);
    }

    async fn sandboxes_and_configurations_do_not_meet(w: World) {
        let a = w.user(A).await;
        made(&w, &a, &[("open", "s1")]).await;
        let claims = json!({"xuid": "1001", "titleId": "123", "sandbox": "XLDP.1"});
        let elsewhere = w.token(claims).await;
        assert_eq!(names(elsewhere.get(&sessions("xuid=1001")).await), [] as [&str; 0]);
        let other = format!("/serviceconfigs/{}/sessions?xuid=1001", crate::fixtures::HANDLES_SCID);
        assert_eq!(names(a.get(&other).await), [] as [&str; 0]);
    }
}
