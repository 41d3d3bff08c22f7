//! Why a user may or may not join: the rules, as the service walks them.

use convoke_client::wire::session::access::Outcome;
use convoke_client::wire::{Field, Xuid};
use convoke_client::{AccessQuestion, Change, Error, Join, WriteMode};
use reqwest::StatusCode;

use crate::script::{Script, said};
use crate::service::{Service, named};

#[tokio::test]
async fn an_explanation_names_the_rule_that_refuses_and_what_the_user_would_need() {
    let service = Service::start().await;
    let (a, b) = (service.player(1001), service.player(1002));
    let session = a.session(named("open/x"));
    let closed = Change::new()
        .active(true)
        .system(|system| system.closed = Field::Value(true));
    session
        .write(WriteMode::CreateNew, closed)
        .await
        .expect("created");

    let about_b = AccessQuestion::about(Xuid(1002));
    let explained = session.explain_access(&about_b).await.expect("explained");
    assert_eq!(explained.session_ref, named("open/x"));
    assert!(explained.read.allowed && !explained.join.allowed);
    let last = explained.join.steps.last().expect("a step");
    assert_eq!(last.outcome, Outcome::Refuses);
    let refused = b.session(named("open/x")).join(Join::default()).await;
    let refused = refused.expect_err("closed");
    assert_eq!(
        last.code.as_deref(),
        refused.refusal().and_then(|it| it.code())
    );

    let powerless = about_b.clone().without_multiplayer().device("d-1");
    let explained = session.explain_access(&powerless).await.expect("explained");
    assert!(!explained.user.multiplayer);
    assert_eq!(explained.user.device_id.as_deref(), Some("d-1"));

    let activity = a.handles().create_activity(session.reference()).await;
    let through = about_b.through(activity.expect("made").id);
    let explained = session.explain_access(&through).await.expect("explained");
    assert!(!explained.join.allowed, "an activity opens no closed door");
}

#[tokio::test]
async fn of_a_session_that_is_not_there_there_is_no_explanation() {
    let service = Service::start().await;
    let nowhere = service.player(1001).session(named("open/none"));
    let nothing = nowhere
        .explain_access(&AccessQuestion::about(Xuid(1)))
        .await
        .expect_err("no session");
    assert_eq!(nothing.status(), Some(StatusCode::NOT_FOUND));
}

#[tokio::test]
async fn a_service_of_the_original_contract_explains_nothing_and_that_is_an_error() {
    let script = Script::of(vec![said(204, ""), said(200, r#"{"members":{}}"#)]).await;
    let session = script.client().session(named("open/x"));
    let question = AccessQuestion::about(Xuid(1));
    let nothing = session.explain_access(&question).await;
    assert!(matches!(nothing, Err(Error::NoSession)), "{nothing:?}");
    let nothing = session.explain_access(&question).await;
    assert!(
        matches!(nothing, Err(Error::Unreadable { .. })),
        "{nothing:?}"
    );
}
