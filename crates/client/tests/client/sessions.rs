//! Sessions: written in every mode, read, updated by many at once.

use convoke_client::wire::{Field, RawJson, Xuid};
use convoke_client::{Change, Error, Join, Read, SyncPolicy, WriteMode, Written};
use reqwest::StatusCode;

use crate::service::{Service, named};

#[tokio::test]
async fn a_session_is_created_changed_and_gone_with_its_last_member() {
    let service = Service::start().await;
    let (a, b) = (service.player(1001), service.player(1002));
    let (at_a, at_b) = (a.session(named("open/x")), b.session(named("open/x")));
    assert!(at_a.get().await.expect("an answer").is_none());

    let written = at_a.change(Change::new().active(true)).await;
    assert!(
        matches!(written, Ok(Written::Conflict(None))),
        "{written:?}"
    );
    let written = at_a
        .write(WriteMode::CreateNew, Change::new().active(true))
        .await;
    let Ok(Written::Created(created)) = written else {
        panic!("not created: {written:?}");
    };
    assert_eq!(created.change_number(), 1);
    assert!(created.is_active(Xuid(1001)));
    let again = at_b
        .write(WriteMode::CreateNew, Change::new().active(true))
        .await;
    assert!(matches!(again, Ok(Written::Conflict(_))), "{again:?}");

    let joined = at_b.join(Join::default()).await.expect("joined");
    let joined = joined.into_session().expect("a session");
    assert!(joined.is_active(Xuid(1002)) && joined.is_newer_than(&created));
    assert_eq!(
        joined
            .constants()
            .expect("readable")
            .system
            .value()
            .and_then(|it| it.max_members_count.value().copied()),
        Some(4)
    );

    let left = at_a.leave().await.expect("left");
    assert!(
        left.snapshot()
            .is_some_and(|it| it.member(Xuid(1001)).is_none())
    );
    assert!(matches!(at_b.leave().await, Ok(Written::Deleted)));
    assert!(
        matches!(at_b.leave().await, Ok(Written::Deleted)),
        "gone is gone"
    );
    assert!(at_a.get().await.expect("an answer").is_none());
}

#[tokio::test]
async fn custom_properties_keep_every_digit() {
    let service = Service::start().await;
    let session = service.player(1001).session(named("open/x"));
    let text = r#"{"id":18446744073709551615,"d":1.10,"z":[],"a":"ü"}"#;
    let change = Change::new()
        .active(true)
        .property_text("big", RawJson::parse(text).expect("JSON"))
        .own_property("team", &"red");
    let written = session.write(WriteMode::UpdateOrCreate, change).await;
    written.expect("written");
    session.set_property("map", &"canyon").await.expect("set");
    let read = session.get().await.expect("read").expect("there");
    assert_eq!(read.property("big").expect("there").text(), text);
    assert_eq!(read.property_as::<String>("map").as_deref(), Some("canyon"));
    let team = read.member_property(Xuid(1001), "team").expect("there");
    assert_eq!(team.text(), "\"red\"");
    let written = session.change(Change::new().without_property("map")).await;
    let written = written.expect("written").into_session().expect("there");
    assert!(written.property("map").is_none() && written.property("big").is_some());
}

#[tokio::test]
async fn a_read_of_a_known_state_says_whether_it_has_changed() {
    let service = Service::start().await;
    let session = service.player(1001).session(named("open/x"));
    let change = Change::new().active(true);
    let written = session.write(WriteMode::UpdateOrCreate, change).await;
    let known = written.expect("written").into_session().expect("there");
    let tag = known.tag.clone().expect("a tag");
    assert!(matches!(session.get_if_changed(&tag).await, Ok(Read::Same)));
    session.set_property("a", &1).await.expect("set");
    let read = session.get_if_changed(&tag).await;
    assert!(
        matches!(&read, Ok(Read::Changed(now)) if now.is_newer_than(&known)),
        "{read:?}"
    );
    session.leave().await.expect("left");
    assert!(matches!(
        session.get_if_changed(&tag).await,
        Ok(Read::Absent)
    ));
}

#[tokio::test]
async fn trying_out_changes_nothing() {
    let service = Service::start().await;
    let session = service.player(1001).session(named("open/x"));
    let tried = session
        .try_out(WriteMode::CreateNew, Change::new().active(true))
        .await;
    assert!(matches!(tried, Ok(Written::Created(_))), "{tried:?}");
    assert!(session.get().await.expect("an answer").is_none());
}

#[tokio::test]
async fn a_write_that_comes_too_late_brings_the_session_as_it_is() {
    let service = Service::start().await;
    let session = service.player(1001).session(named("open/x"));
    let created = session
        .write(WriteMode::CreateNew, Change::new().active(true))
        .await;
    let stale = created
        .expect("created")
        .into_session()
        .expect("there")
        .tag
        .expect("a tag");
    session.set_property("a", &1).await.expect("set");
    let late = Change::new().property("a", &2);
    let written = session
        .write(WriteMode::Unchanged(stale), late.clone())
        .await;
    let Ok(Written::Conflict(Some(current))) = written else {
        panic!("no conflict: {written:?}");
    };
    assert_eq!(current.property_as::<u32>("a"), Some(1));
    let fresh = current.tag.clone().expect("a tag");
    let written = session.write(WriteMode::Unchanged(fresh), late).await;
    let Ok(Written::Updated(updated)) = written else {
        panic!("not updated: {written:?}");
    };
    let same = WriteMode::Unchanged(updated.tag.expect("a tag"));
    let written = session.write(same, Change::new().property("a", &2)).await;
    assert!(matches!(written, Ok(Written::Same(_))), "{written:?}");
}

#[tokio::test]
async fn updates_of_many_writers_are_all_there_in_the_end() {
    let service = Service::start().await;
    let (a, b) = (service.player(1001), service.player(1002));
    let at_a = a.session(named("open/x"));
    let create = Change::new().active(true).property("count", &0);
    at_a.write(WriteMode::CreateNew, create)
        .await
        .expect("created");
    let at_b = b.session(named("open/x"));
    at_b.join(Join::default()).await.expect("joined");
    let policy = SyncPolicy { max_attempts: 100 };
    let mut writers = Vec::new();
    for index in 0..8 {
        let session = if index % 2 == 0 {
            at_a.clone()
        } else {
            at_b.clone()
        };
        writers.push(tokio::spawn(async move {
            for _ in 0..5 {
                let written = session.update_with(policy, None, |now| {
                    let count: u32 = now.property_as("count")?;
                    Some(Change::new().property("count", &(count + 1)))
                });
                written.await.expect("updated");
            }
        }));
    }
    for writer in writers {
        writer.await.expect("written");
    }
    let read = at_a.get().await.expect("read").expect("there");
    assert_eq!(read.property_as::<u32>("count"), Some(40));
}

#[tokio::test]
async fn an_update_may_find_nothing_to_do_and_nothing_to_update() {
    let service = Service::start().await;
    let session = service.player(1001).session(named("open/x"));
    let nothing = session.update(|_| None).await;
    assert!(matches!(nothing, Err(Error::NoSession)), "{nothing:?}");
    let create = Change::new().active(true);
    session
        .write(WriteMode::CreateNew, create)
        .await
        .expect("created");
    let same = session.update(|_| None).await;
    assert!(matches!(same, Ok(Written::Same(_))), "{same:?}");
}

#[tokio::test]
async fn an_update_gives_up_after_as_many_attempts_as_it_may_have() {
    let service = Service::start().await;
    let session = service.player(1001).session(named("open/x"));
    let create = Change::new().active(true);
    let stale = session.write(WriteMode::CreateNew, create).await;
    let stale = stale.expect("created").into_session().expect("there");
    session.set_property("a", &1).await.expect("set");
    let policy = SyncPolicy { max_attempts: 1 };
    let change = |_: &_| Some(Change::new().property("a", &2));
    let late = session.update_with(policy, Some(stale), change).await;
    assert!(matches!(late, Err(Error::Contended(1))), "{late:?}");
    assert!(late.is_err_and(|error| error.is_temporary()));
}

#[tokio::test]
async fn refusals_name_the_rule_and_the_place() {
    let service = Service::start().await;
    let a = service.player(1001);
    let session = a.session(named("open/x"));
    let change = Change::new()
        .own(|own| own.ready = Field::Value(true))
        .active(true);
    let refused = session.write(WriteMode::UpdateOrCreate, change).await;
    let refused = refused.expect_err("active and ready");
    assert_eq!(refused.status(), Some(StatusCode::BAD_REQUEST));
    let rule = refused
        .refusal()
        .and_then(|it| it.rule.clone())
        .expect("a rule");
    assert!(rule.path.starts_with("members.me"), "{rule:?}");
    assert!(!refused.is_temporary());

    let missing = a.session(named("no-such-template/x")).get().await;
    assert_eq!(
        missing.expect_err("no template").status(),
        Some(StatusCode::NOT_FOUND)
    );
}

#[tokio::test]
async fn who_may_read_but_not_join_is_shown_the_session() {
    let service = Service::start().await;
    let (a, c) = (service.player(1001), service.player(1003));
    let closed = Change::new()
        .active(true)
        .system(|system| system.closed = Field::Value(true));
    let session = a.session(named("open/x"));
    session
        .write(WriteMode::CreateNew, closed)
        .await
        .expect("created");
    let refused = c.session(named("open/x")).join(Join::default()).await;
    let refused = refused.expect_err("closed");
    let refusal = refused.refusal().expect("a refusal");
    assert_eq!(refusal.status, StatusCode::FORBIDDEN);
    let shown = refusal.session.as_ref().expect("shown");
    assert!(shown.is_active(Xuid(1001)) && shown.member(Xuid(1003)).is_none());
}

#[tokio::test]
async fn places_are_kept_and_members_become_inactive() {
    let service = Service::start().await;
    let (a, b) = (service.player(1001), service.player(1002));
    let session = a.session(named("open/x"));
    let change = Change::new().active(true).reserve(Xuid(1002));
    let created = session.write(WriteMode::CreateNew, change).await;
    let created = created.expect("created").into_session().expect("there");
    assert!(created.member(Xuid(1002)).is_some_and(|it| it.reserved));
    b.session(named("open/x"))
        .join(Join::default())
        .await
        .expect("joined");
    let now = session.set_active(false).await.expect("set");
    let now = now.into_session().expect("there");
    assert!(!now.is_active(Xuid(1001)) && now.is_active(Xuid(1002)));
}
