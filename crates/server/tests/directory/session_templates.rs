//! Reading a configuration's templates, and what a template's own contract version decides.

use serde_json::json;

use crate::fixtures::{A, HANDLES_SCID, SCID, active, session, session_templates};
use crate::json::assert_contains;
use crate::world::{StoreKind, World};

every_store! {
    async fn templates_are_listed_by_name_with_their_contract(w: World) {
        let a = w.user(A).await;
        let mut templates = session_templates();
        templates.sort_by_key(|(name, _)| *name);
        let entry = |(name, template): &(&str, serde_json::Value)| json!({"scid": SCID,
            "templateName": name, "contractVersion": template["contractVersion"]});
        let expected: Vec<_> = templates.iter().map(entry).collect();
        let path = format!("/serviceconfigs/{SCID}/sessiontemplates");
        let answer = a.get(&path).await.expect(200);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.json(), json!({"results": expected}));
    }

    async fn a_template_reads_as_it_was_given(w: World) {
        let a = w.user(A).await;
        for (name, template) in session_templates() {
            let path = format!("/serviceconfigs/{SCID}/sessionTemplates/{name}");
            let answer = a.get(&path).await.expect(200);
            assert_eq!(answer.header("content-type"), Some("application/json"));
            assert_eq!(answer.json(), template, "{name}");
        }
    }

    async fn an_unknown_template_or_configuration_has_none(w: World) {
        let a = w.user(A).await;
        let unknown = "00000000-dead-4000-8000-000000000000";
        a.get(&format!("/serviceconfigs/{SCID}/sessiontemplates/none")).await.expect_text(404);
        a.get(&format!("/serviceconfigs/{unknown}/sessiontemplates")).await.expect_text(404);
        a.get(&format!("/serviceconfigs/{unknown}/sessiontemplates/open")).await.expect_text(404);
    }

    async fn another_configuration_has_templates_of_its_own(w: World) {
        let a = w.user(A).await;
        let path = format!("/serviceconfigs/{HANDLES_SCID}/sessiontemplates");
        let listed = a.get(&path).await.expect(200).json();
        let names = listed["results"].as_array().expect("results").iter();
        let names: Vec<_> = names.filter_map(|entry| entry["templateName"].as_str()).collect();
        assert_eq!(names, ["browse", "game", "gameo", "gameoi", "vis"]);
    }

    async fn templates_are_read_with_the_headers_that_sessions_are(w: World) {
        let path = format!("/serviceconfigs/{SCID}/sessiontemplates/open");
        w.nobody().get(&path).await.expect(401);
        let a = w.user(A).await;
        let call = a.request("GET", &path).without("x-xbl-contract-version");
        call.send().await.expect_text(400);
    }

    async fn the_templates_contract_decides_the_default_timeouts(w: World) {
        let a = w.user(A).await;
        let created = a.put(&session("legacy", "t"), active()).await.expect(201).json();
        assert_eq!(created["contractVersion"], 107);
        let expected = json!({"maxMembersCount": 8, "reservedRemovalTimeout": 30000,
            "inactiveRemovalTimeout": 7_200_000, "readyRemovalTimeout": 180_000,
            "sessionEmptyTimeout": 0});
        assert_contains(&created["constants"]["system"], &expected);
        let call = a.request("PUT", &session("bare", "t")).contract("105").json(active());
        let created = call.send().await.expect(201).json();
        assert_eq!(created["constants"]["system"]["timeouts"]["inactive"], 0);
    }

    async fn what_the_template_unsets_stays_unset(w: World) {
        let a = w.user(A).await;
        let creation = |value| {
            let mut body = active();
            body["constants"] = json!({"system": {"inactiveRemovalTimeout": value}});
            body
        };
        let answer = a.put(&session("unset", "t"), creation(json!(5))).await;
        answer.expect_naming(409, "constants.system.inactiveRemovalTimeout");
        let created = a.put(&session("unset", "t"), creation(json!(null))).await.expect(201).json();
        let system = created["constants"]["system"].as_object().expect("constants");
        for unset in ["inactiveRemovalTimeout", "inviteProtocol", "memberInitialization"] {
            assert!(!system.contains_key(unset), "{unset}");
        }
    }

    async fn a_group_of_timeouts_makes_those_left_out_infinite(w: World) {
        let a = w.user(A).await;
        let created = a.put(&session("grouped", "t"), active()).await.expect(201).json();
        let system = created["constants"]["system"].as_object().expect("constants");
        assert_eq!(system["reservedRemovalTimeout"], 1000);
        for infinite in ["inactiveRemovalTimeout", "readyRemovalTimeout", "sessionEmptyTimeout"] {
            assert!(!system.contains_key(infinite), "{infinite}");
        }
        assert!(!system.contains_key("timeouts"));
        let call = a.request("GET", &session("grouped", "t")).contract("105");
        let read = call.send().await.expect(200).json();
        assert_eq!(read["constants"]["system"]["timeouts"], json!({"reserved": 1000}));
    }
}

#[tokio::test]
async fn a_configuration_without_templates_lists_none() {
    let empty = "33333333-3333-4333-8333-333333333333";
    let w = World::configured(StoreKind::Memory, |config| {
        let services = config.service_configs.as_ref().expect("a folder");
        let folder = services.join(empty);
        std::fs::create_dir_all(folder.join("templates")).expect("a folder");
        let service = folder.join("service.toml");
        std::fs::write(service, "title_ids = [\"123\"]\n").expect("written");
    })
    .await;
    let a = w.user(A).await;
    let path = format!("/serviceconfigs/{empty}/sessiontemplates");
    let listed = a.get(&path).await.expect(200).json();
    assert_eq!(listed, json!({"results": []}));
}
