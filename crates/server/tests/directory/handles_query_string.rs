//! The query string of `/handles/query`: the documented parameters of session queries (2.1).

use serde_json::{Value, json};

use crate::handle_steps::{Cast, S1, cast, game, handle, join, post, reference, session, system};
use crate::handles_query::{both_in, of, owners};
use crate::world::Player;

/// The names of A's sessions that a search finds with these parameters.
async fn found(player: &Player, parameters: &str) -> Vec<String> {
    let query = json!({ "type": "search", "scid": S1, "templateName": "browse" });
    let path = format!("/handles/query?{parameters}");
    let found = player.post(&path, query).await.expect(200).json();
    let results = found["results"].as_array().expect("results");
    let name = |handle: &Value| handle["sessionRef"]["name"].as_str().map(str::to_owned);
    let mut names: Vec<String> = results.iter().filter_map(name).collect();
    names.sort();
    names
}

/// Two sessions of A's that are posted: `words` with keywords, `plain` with none.
async fn two_posted(c: &Cast) {
    for name in ["plain", "words"] {
        join(&c.a, &session("browse", name)).await;
        post(&c.a, handle("search", &reference("browse", name))).await;
    }
    let words = system("keywords", json!(["Ranked", "eu"]));
    c.a.put(&session("browse", "words"), words)
        .await
        .expect(200);
}

every_store! {
    async fn rule_2_1_searches_and_activities_are_bound_to_a_keyword(w: World) {
        let c = cast(&w).await;
        two_posted(&c).await;
        assert_eq!(found(&c.b, "keyword=rANKED").await, ["words"]);
        assert_eq!(found(&c.b, "keyword=rank").await, Vec::<String>::new());
        assert_eq!(found(&c.b, "").await, ["plain", "words"]);

        both_in(&c, "g1").await;
        let ask = async |parameters: &str| {
            let path = format!("/handles/query?{parameters}");
            owners(c.c.post(&path, of(&["1001", "1002"])).await)
        };
        assert_eq!(ask("keyword=duel").await, Vec::<String>::new());
        c.a.put(&game("g1"), system("keywords", json!(["Duel"]))).await.expect(200);
        assert_eq!(ask("keyword=duel").await, ["1001", "1002"]);
    }

    async fn rule_2_1_searches_and_activities_are_bound_to_what_a_session_shows_as(w: World) {
        let c = cast(&w).await;
        two_posted(&c).await;
        assert_eq!(found(&c.b, "visibility=open").await, ["plain", "words"]);
        assert_eq!(found(&c.b, "visibility=full").await, Vec::<String>::new());
        both_in(&c, "g1").await;
        for (visibility, count) in [("open", 2), ("full", 0), ("visible", 0), ("private", 0)] {
            let path = format!("/handles/query?visibility={visibility}");
            let answer = c.c.post(&path, of(&["1001", "1002"])).await;
            assert_eq!(owners(answer).len(), count, "{visibility}");
        }
    }

    async fn rule_2_1_the_permissions_of_session_queries_hold_for_handles(w: World) {
        let c = cast(&w).await;
        two_posted(&c).await;
        both_in(&c, "g1").await;
        let search = json!({ "type": "search", "scid": S1 });
        for name in ["private", "reservations"] {
            let path = format!("/handles/query?{name}=true");
            c.a.post(&path, of(&["1001", "1002"])).await.expect_naming(403, name);
            c.a.post(&path, search.clone()).await.expect_naming(403, name);
            assert_eq!(owners(c.a.post(&path, of(&["1001"])).await), ["1001"]);
            assert_eq!(owners(c.svc.post(&path, of(&["1001"])).await), ["1001"]);
        }
        let path = "/handles/query?inactive=true";
        assert_eq!(owners(c.b.post(path, of(&["1001"])).await), ["1001"]);
    }

    async fn rule_2_1_parameters_that_cannot_be_read_are_refused_by_name(w: World) {
        let c = cast(&w).await;
        let refused = [
            ("keyword", "keyword="),
            ("visibility", "visibility=secret"),
            ("version", "version=0"),
            ("version", "version=8"),
            ("private", "private=yes"),
            ("reservations", "reservations=1"),
            ("inactive", "inactive="),
        ];
        for (name, parameters) in refused {
            let path = format!("/handles/query?{parameters}");
            c.a.post(&path, of(&["1001"])).await.expect_naming(400, name);
        }
        assert!(owners(c.a.post("/handles/query?version=7", of(&["1001"])).await).is_empty());
    }
}
