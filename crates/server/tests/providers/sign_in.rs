//! Players and services with a provider's tokens.

use http::StatusCode;
use serde_json::json;

use crate::provider::{Provider, settings};
use crate::world::{World, time_claim};

#[tokio::test]
async fn a12_a_subject_has_one_xuid_over_all_its_logins() {
    for alg in ["RS256", "ES256", "EdDSA"] {
        let Some(provider) = Provider::start(&json!({"alg": alg})) else {
            return;
        };
        let world = World::new(&settings(&provider.issuer, ""));
        let first = provider.sign_in("alice").await;
        let second = provider.sign_in("alice").await;
        let other = provider.sign_in("bob").await;
        assert_ne!(first.access, second.access);
        world.at_issue_of(&first.access);

        let (xuid, gamertag) = world.joins_as(&format!("Bearer {}", first.access)).await;
        assert_eq!(gamertag, "Player alice");
        let number: u64 = xuid.parse().expect("decimal");
        assert_eq!(number >> 48, 0x0009, "{xuid}");
        let again = world.joins_as(&format!("bearer {}", second.access)).await;
        assert_eq!(again.0, xuid, "a second login is the same player");
        let (bob, _) = world.joins_as(&format!("Bearer {}", other.access)).await;
        assert_ne!(bob, xuid);

        // And over a restart, which reads the record of identities.
        let world = world.restart_as_it_is().await;
        let (xuid_now, _) = world.joins_as(&format!("Bearer {}", first.access)).await;
        assert_eq!(xuid_now, xuid);
    }
}

/// A directory at the moment when a player and a service have their tokens.
async fn player_and_service(provider: &Provider) -> (World, String, String) {
    let world = World::new(&settings(&provider.issuer, ""));
    let player = provider.sign_in("alice").await.access;
    let service = provider.service_token().await;
    world.at_issue_of(&player);
    (world, player, service)
}

#[tokio::test]
async fn a_service_signs_in_by_its_own_credentials_and_is_no_player() {
    let Some(provider) = Provider::start(&json!({})) else {
        return;
    };
    let (world, player, service) = player_and_service(&provider).await;
    world.joins_as(&format!("Bearer {player}")).await;
    let read = world.read_session(&format!("Bearer {service}")).await;
    assert_eq!(read.status, StatusCode::OK, "{read:?}");
    // Nobody's people list: a service has no user.
    let answer = world.ask(&format!("Bearer {service}")).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{answer:?}");

    // Without a claim for roles it is nobody, not a player called after the client.
    let map = settings(&provider.issuer, "").replace("roles = \"/rol\"\n", "");
    let world = World::new(&map);
    world.at_issue_of(&player);
    let answer = world.ask(&format!("Bearer {service}")).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{answer:?}");
    let text = answer.body.to_string();
    assert!(!text.contains("lobby"), "{text}");
}

#[tokio::test]
async fn a_player_says_what_they_play() {
    let Some(provider) = Provider::start(&json!({})) else {
        return;
    };
    let (world, player, _) = player_and_service(&provider).await;
    let player = format!("Bearer {player}");
    let (xuid, _) = world.joins_as(&player).await;
    let answer = world.posts_activity(&player).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    assert_eq!(answer.body["ownerXuid"], xuid.as_str());
}

/// A session of the sample that lacks `userAuthorizationStyle`.
const LOBBY: &str =
    "/serviceconfigs/00000000-0000-4000-8000-00000000c0de/sessionTemplates/lobby/sessions/l";

/// The mapped claim for the device type counts as `xdi.dty` does.
#[tokio::test]
async fn whose_device_the_provider_calls_a_console_uses_every_session() {
    let Some(provider) = Provider::start(&json!({})) else {
        return;
    };
    let alice = provider.sign_in("alice").await.access;
    let carol = provider.sign_in("carol").await.access;
    let strict = format!(
        "strong_title_identity = \"require\"\n{}",
        settings(&provider.issuer, "")
    );
    let mapped = format!("{strict}device_type = \"/dty\"\n");
    for (auth, token, joins) in [
        (&strict, &carol, false),
        (&mapped, &alice, false),
        (&mapped, &carol, true),
    ] {
        let world = World::new(auth);
        world.at_issue_of(token);
        let answer = world.joins(LOBBY, &format!("Bearer {token}")).await;
        assert_eq!(answer.status.is_success(), joins, "{answer:?}");
        if !joins {
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{answer:?}");
            let text = answer.body.to_string();
            assert!(text.contains("[access.title_identity]"), "{text}");
        }
    }
}

#[tokio::test]
async fn only_a_service_asks_why_users_have_access() {
    let Some(provider) = Provider::start(&json!({})) else {
        return;
    };
    let (world, player, service) = player_and_service(&provider).await;
    let (xuid, _) = world.joins_as(&format!("Bearer {player}")).await;
    let told = world
        .explain_access(&xuid, &format!("Bearer {service}"))
        .await;
    assert_eq!(told.status, StatusCode::OK, "{told:?}");
    assert_eq!(told.body["write"]["allowed"], true);
    let own = world
        .explain_access(&xuid, &format!("Bearer {player}"))
        .await;
    assert_eq!(own.status, StatusCode::FORBIDDEN, "{own:?}");
    let text = "explain: only servers, operators and developers ask why users have access \
                [access.question.foreign]";
    assert_eq!(own.body, text);
}

#[tokio::test]
async fn clocks_may_differ_by_a_minute_at_both_ends() {
    let Some(provider) = Provider::start(&json!({"life": 600})) else {
        return;
    };
    let world = World::new(&settings(&provider.issuer, ""));
    let token = provider.sign_in("alice").await.access;
    let (from, to) = (time_claim(&token, "nbf"), time_claim(&token, "exp"));
    assert_eq!(to - from, 600);
    let accepted = async |second: i64| {
        world.set_clock(second);
        world.accepts(&token).await
    };
    assert!(!accepted(from - 61).await);
    assert!(accepted(from - 60).await);
    assert!(accepted(to + 59).await);
    assert!(
        !accepted(to + 60).await,
        "remembered from before, and expired"
    );
    assert_eq!(world.refusal(&token).await, "expired");
}

#[tokio::test]
async fn a_user_hash_before_a_providers_token_is_refused_unless_configured() {
    let Some(provider) = Provider::start(&json!({})) else {
        return;
    };
    let strict = World::new(&settings(&provider.issuer, ""));
    let lenient = settings(&provider.issuer, "");
    let lenient = World::new(&format!("lenient_user_hash = true\n{lenient}"));
    let token = provider.sign_in("alice").await.access;
    strict.at_issue_of(&token);
    lenient.at_issue_of(&token);
    let check = async |world: &World, hash: &str, expected: Result<(), &str>| {
        let answer = world.ask(&format!("XBL3.0 x={hash};{token}")).await;
        let result = match answer.status {
            StatusCode::OK => Ok(()),
            _ => Err(answer.reason.unwrap_or_default()),
        };
        assert_eq!(
            result.as_ref().map_err(String::as_str),
            expected.as_ref().map_err(|e| *e),
            "x={hash}"
        );
    };
    check(&strict, "*", Ok(())).await;
    check(&strict, "1", Err("unknown_user_hash")).await;
    check(&lenient, "*", Ok(())).await;
    check(&lenient, "1", Ok(())).await;
    let answer = lenient.ask(&format!("XBL3.0 x=-;{token}")).await;
    assert_eq!(
        answer.status,
        StatusCode::FORBIDDEN,
        "without a user: {answer:?}"
    );
    let service = provider.service_token().await;
    check(&lenient, "1", Ok(())).await;
    let answer = lenient.ask(&format!("XBL3.0 x=1;{service}")).await;
    assert_eq!(answer.reason.as_deref(), Some("unknown_user_hash"));
}
