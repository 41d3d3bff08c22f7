//! What handles and lists say about the titles of a service configuration.

use std::fs;

use serde_json::{Value, json};

use crate::fixtures::HANDLES_SCID;
use crate::handle_steps::{cast, created, game, invite, join, reference};
use crate::recent_players::HUB;
use crate::world::{StoreKind, World};

/// A service whose configuration of the examples says this more.
async fn with(more: &str) -> World {
    World::configured(StoreKind::Memory, |config| {
        let folder = config.service_configs.as_ref().expect("a folder");
        let file = folder.join(HANDLES_SCID).join("service.toml");
        let text = fs::read_to_string(&file).expect("the fixture's");
        fs::write(&file, text + more).expect("a file");
    })
    .await
}

fn activity() -> Value {
    json!({"type": "activity", "version": 1, "sessionRef": reference("game", "g1")})
}

/// The shape is the one that the client library decodes: texts and a list for each platform.
#[tokio::test]
async fn activities_and_invitations_say_what_the_title_is_on_each_platform() {
    let w = with(
        r#"
        [game_types.uwp-desktop]
        title_id = 777
        pfn = "Contoso.Game_8wekyb3d8bbwe"
        bound_pfns = ["Contoso.Game.Beta_8wekyb3d8bbwe"]
        [game_types.android]
        title_id = "778"
        pfn = "com.contoso.game"
        "#,
    )
    .await;
    let c = cast(&w).await;
    join(&c.a, &game("g1")).await;
    let expected = json!({
        "uwp-desktop": {"titleId": "777", "pfn": "Contoso.Game_8wekyb3d8bbwe",
            "boundPfns": ["Contoso.Game.Beta_8wekyb3d8bbwe"]},
        "android": {"titleId": "778", "pfn": "com.contoso.game", "boundPfns": []},
    });
    let activity = created(c.a.post("/handles", activity()).await);
    assert_eq!(activity["gameTypes"], expected);
    let invitation = invite(&reference("game", "g1"), 1003);
    let invitation = created(c.a.post("/handles", invitation).await);
    assert_eq!(invitation["gameTypes"], expected);
    let id = invitation["id"].as_str().expect("an id");
    let read = c.c.get(&format!("/handles/{id}")).await.expect(200).json();
    assert_eq!(read["gameTypes"], expected);
    let query = json!({"type": "activity", "owners": {"xuids": ["1001"]}});
    let found = c.b.post("/handles/query", query).await.expect(200).json();
    assert_eq!(found["results"][0]["gameTypes"], expected);
}

#[tokio::test]
async fn recent_players_were_met_in_titles_with_names() {
    let w = with("[titles.777]\nname = \"Contoso Racing\"\n").await;
    let c = cast(&w).await;
    let met = json!({"id": "1002", "timestamp": "2026-01-01T00:00:00Z"});
    c.a.post("/titles/777/recentplayers", json!({"recentPlayers": [met]}))
        .await
        .expect_empty(204);
    let document = c.a.get(HUB).await.expect(200).json();
    let person = &document["people"][0]["recentPlayer"];
    assert_eq!(person["text"], "Contoso Racing");
    assert_eq!(person["titles"][0]["titleName"], "Contoso Racing");
}
