//! Providers that change their keys, go away, or were never there.

use http::StatusCode;
use serde_json::json;

use crate::provider::{Provider, settings};
use crate::world::World;

#[tokio::test]
async fn a_new_key_is_fetched_once_and_the_old_one_is_no_good_after() {
    let Some(provider) = Provider::start(&json!({})) else {
        return;
    };
    let world = World::new(&settings(&provider.issuer, ""));
    let old = provider.sign_in("alice").await.access;
    let unused = provider.sign_in("carol").await.access;
    world.at_issue_of(&old);
    assert!(world.accepts(&old).await);

    let provider = provider.stop().start(json!({}));
    let new = provider.sign_in("alice").await.access;
    // Half a minute has not passed since the keys were fetched, so nobody looks again.
    world.advance(29);
    assert_eq!(world.refusal(&new).await, "invalid_signature");
    assert!(
        world.accepts(&old).await,
        "nobody knows yet that its key is gone"
    );
    world.advance(1);
    assert!(world.accepts(&new).await);
    // The new keys have been seen, and the old one is not among them: not even what was verified
    // before is believed.
    assert_eq!(world.refusal(&old).await, "invalid_signature");
    assert_eq!(world.refusal(&unused).await, "invalid_signature");
    assert!(world.accepts(&new).await);
}

#[tokio::test]
async fn a_withdrawn_key_is_noticed_in_the_background_within_ten_minutes() {
    let Some(provider) = Provider::start(&json!({})) else {
        return;
    };
    let world = World::new(&settings(&provider.issuer, ""));
    let old = provider.sign_in("alice").await.access;
    world.at_issue_of(&old);
    assert!(world.accepts(&old).await);
    let _provider = provider.stop().start(json!({}));
    world.advance(599);
    world.refresh_keys().await;
    assert!(world.accepts(&old).await, "the keys are not due");
    world.advance(1);
    world.refresh_keys().await;
    assert_eq!(world.refusal(&old).await, "invalid_signature");
}

#[tokio::test]
async fn known_keys_go_on_for_a_day_without_their_provider_and_unknown_ones_do_not() {
    let Some(provider) = Provider::start(&json!({"life": 200_000})) else {
        return;
    };
    let world = World::new(&settings(&provider.issuer, ""));
    let alice = provider.sign_in("alice").await.access;
    let bob = provider.sign_in("bob").await.access;
    world.at_issue_of(&alice);
    assert!(world.accepts(&alice).await);
    let absent = provider.stop();

    // A stranger's key of the same issuer: refused, and no fault of ours.
    let elsewhere =
        Provider::start(&json!({"issuer": absent.issuer})).expect("started once already");
    let unknown = elsewhere.sign_in("alice").await.access;
    world.advance(3_600);
    world.refresh_keys().await;
    assert_eq!(world.refusal(&unknown).await, "invalid_signature");
    assert!(world.accepts(&alice).await, "verified before");
    assert!(
        world.accepts(&bob).await,
        "not seen before, by a key that was"
    );
    world.advance(86_400 - 3_600 - 1);
    world.refresh_keys().await;
    assert!(world.accepts(&alice).await && world.accepts(&bob).await);
    world.advance(1);
    assert_eq!(world.refusal(&alice).await, "invalid_signature");
    assert_eq!(world.refusal(&bob).await, "invalid_signature");

    // Back with another key: everything is as after a change of keys.
    let provider = absent.start(json!({"life": 200_000}));
    let token = provider.sign_in("alice").await.access;
    world.advance(30);
    assert!(world.accepts(&token).await);
    assert_eq!(world.refusal(&bob).await, "invalid_signature");
}

#[tokio::test]
async fn a_provider_that_is_not_there_yet_is_looked_for_again() {
    let Some(provider) = Provider::start(&json!({})) else {
        return;
    };
    let token = provider.sign_in("alice").await.access;
    let world = World::new(&settings(&provider.issuer, ""));
    let absent = provider.stop();
    world.at_issue_of(&token);
    assert_eq!(world.refusal(&token).await, "invalid_signature");
    let provider = absent.start(json!({}));
    let token = provider.sign_in("alice").await.access;
    world.advance(29);
    assert_eq!(world.refusal(&token).await, "invalid_signature");
    world.advance(1);
    assert!(world.accepts(&token).await);
}

#[tokio::test]
async fn a_provider_that_calls_itself_something_else_is_not_believed() {
    let Some(provider) = Provider::start(&json!({"issuer": "https://id.example"})) else {
        return;
    };
    // Its discovery document names another issuer than the one it is configured as.
    let world = World::new(&settings(&provider.address, ""));
    let token = provider.sign_in("alice").await.access;
    world.at_issue_of(&token);
    world.refresh_keys().await;
    assert_eq!(world.refusal(&token).await, "invalid_signature");
    // With its own name and the address of its keys it is.
    let keys = format!("jwks_uri = \"{}/jwks\"", provider.address);
    let world = World::new(&settings("https://id.example", &keys));
    world.at_issue_of(&token);
    assert!(world.accepts(&token).await);
}

#[tokio::test]
async fn many_who_come_with_a_new_key_cause_one_fetch_and_are_all_let_in() {
    let Some(provider) = Provider::start(&json!({})) else {
        return;
    };
    let world = World::new(&settings(&provider.issuer, ""));
    let mut tokens = Vec::new();
    for player in ["a", "b", "c", "d", "e", "f"] {
        tokens.push(provider.sign_in(player).await.access);
    }
    world.at_issue_of(&tokens[5]);
    let ask = async |n: usize| world.ask(&format!("Bearer {}", tokens[n])).await.status;
    let all = tokio::join!(ask(0), ask(1), ask(2), ask(3), ask(4), ask(5));
    let ok = StatusCode::OK;
    assert_eq!(all, (ok, ok, ok, ok, ok, ok));
}
