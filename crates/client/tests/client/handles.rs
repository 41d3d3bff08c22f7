//! Handles: made, found, followed and deleted.

use convoke_client::wire::handle::{HandleType, InviteAttributes, SearchAttributes};
use convoke_client::wire::{Scid, Xuid};
use convoke_client::{Change, Include, Join, WriteMode};
use reqwest::StatusCode;
use uuid::Uuid;

use crate::service::{SCID, Service, TITLE, named};

fn scid() -> Scid {
    SCID.parse().expect("a GUID")
}

fn invitation() -> InviteAttributes {
    InviteAttributes {
        title_id: TITLE,
        context: Some("lvl=3".to_owned()),
        context_string: None,
        sender_string: None,
    }
}

#[tokio::test]
async fn an_activity_is_found_and_joined_through() {
    let service = Service::start().await;
    let (a, b) = (service.player(1001), service.player(1002));
    let reference = named("open/x");
    let create = Change::new().active(true).property("map", &"canyon");
    a.session(reference.clone())
        .write(WriteMode::CreateNew, create)
        .await
        .expect("created");
    let activity = a.handles().create_activity(&reference).await.expect("made");
    assert_eq!(
        (activity.kind, activity.owner_xuid),
        (HandleType::Activity, Some(Xuid(1001)))
    );

    let include = [Include::RelatedInfo, Include::CustomProperties];
    let users = [Xuid(1001), Xuid(1003)];
    let found = b
        .handles()
        .activities_of(&scid(), &users, &include)
        .await
        .expect("found");
    let [found] = found.as_slice() else {
        panic!("not one: {found:?}");
    };
    assert_eq!(found.id, activity.id);
    let related = found.related_info.as_ref().expect("included");
    assert_eq!((related.members_count, related.closed), (Some(1), false));
    let custom = found.custom_properties.as_ref().expect("included");
    assert_eq!(custom.text(), r#"{"map":"canyon"}"#);

    let (joined, snapshot) = b
        .handles()
        .join(found.id, Join::default())
        .await
        .expect("joined");
    assert_eq!(joined, reference);
    assert!(snapshot.is_active(Xuid(1002)));
    let read = b.handles().session(found.id).await.expect("read");
    assert_eq!(read.reference, Some(reference.clone()));
    assert_eq!(
        read.value.expect("there").change_number(),
        snapshot.change_number()
    );

    let change = Change::new().property("map", &"desert");
    let written = b
        .handles()
        .write(found.id, WriteMode::UpdateExisting, change)
        .await;
    let written = written.expect("written");
    assert_eq!(written.reference, Some(reference));
    let written = written.value.into_session().expect("there");
    assert_eq!(
        written.property_as::<String>("map").as_deref(),
        Some("desert")
    );
}

#[tokio::test]
async fn the_activities_of_ones_people_are_asked_for_by_a_word() {
    let service = Service::start().await;
    let b = service.player(1002);
    let nobody = b
        .handles()
        .activities_of_people(&scid(), Xuid(1002), "people", &[])
        .await;
    assert_eq!(nobody.expect("an answer"), []);
    let foreign = b
        .handles()
        .activities_of_people(&scid(), Xuid(1001), "people", &[])
        .await;
    assert_eq!(
        foreign.expect_err("not theirs").status(),
        Some(StatusCode::FORBIDDEN)
    );
}

#[tokio::test]
async fn an_invitation_is_for_one_user() {
    let service = Service::start().await;
    let (a, c) = (service.player(1001), service.player(1003));
    let reference = named("open/x");
    let session = a.session(reference.clone());
    session
        .write(WriteMode::CreateNew, Change::new().active(true))
        .await
        .expect("created");
    let invite = a
        .handles()
        .create_invite(&reference, Xuid(1003), invitation())
        .await;
    let invite = invite.expect("made");
    assert_eq!(invite.invited_xuid, Some(Xuid(1003)));
    assert_eq!(invite.invite_attributes, Some(invitation()));
    assert!(
        service
            .player(1002)
            .handles()
            .get(invite.id)
            .await
            .expect("an answer")
            .is_none()
    );
    let seen = c.handles().get(invite.id).await.expect("an answer");
    assert_eq!(seen.expect("there").session_ref, reference);
    let (joined, _) = c
        .handles()
        .join(invite.id, Join::default())
        .await
        .expect("joined");
    assert_eq!(joined, reference);
}

#[tokio::test]
async fn search_and_transfer_handles_are_made_and_deleted() {
    let service = Service::start().await;
    let a = service.player(1001);
    for session in ["found/x", "found/y"] {
        let create = Change::new().active(true);
        let written = a
            .session(named(session))
            .write(WriteMode::CreateNew, create)
            .await;
        written.expect("created");
    }
    let attributes = SearchAttributes {
        tags: Some(vec!["ProRank".to_owned()]),
        ..SearchAttributes::default()
    };
    let search = a
        .handles()
        .create_search(&named("found/x"), attributes.clone())
        .await;
    let search = search.expect("made");
    assert_eq!(search.search_attributes, Some(attributes));
    let transfer = a
        .handles()
        .create_transfer(&named("found/x"), &named("found/y"))
        .await;
    let transfer = transfer.expect("made");
    assert_eq!(transfer.origin_session_ref, Some(named("found/x")));
    for id in [search.id, transfer.id] {
        a.handles().delete(id).await.expect("deleted");
        a.handles().delete(id).await.expect("gone is gone");
        assert!(a.handles().get(id).await.expect("an answer").is_none());
    }
}

#[tokio::test]
async fn a_handle_that_is_none_leads_nowhere() {
    let service = Service::start().await;
    let a = service.player(1001);
    let nothing = a
        .handles()
        .session(Uuid::from_u128(1))
        .await
        .expect_err("no handle");
    assert_eq!(nothing.status(), Some(StatusCode::NOT_FOUND));
    assert_eq!(
        nothing.refusal().and_then(|it| it.code()),
        Some("handles.not_found")
    );
    let nothing = a.handles().create_activity(&named("open/none")).await;
    assert!(nothing.expect_err("no session").refusal().is_some());
}
