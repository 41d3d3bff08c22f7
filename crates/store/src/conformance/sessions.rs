//! Sessions come and go.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::fixtures::{Sketch, key, key_in, sketch, write_at};
use crate::{CommitError, Store};

pub(super) async fn a_session_is_created_replaced_and_deleted<S: Store>(store: Arc<S>) {
    let first = Sketch {
        members: &[1],
        ..sketch("one")
    };
    assert_eq!(store.load(&key("one")).expect("an answer"), None);
    store.commit(first.write(None)).await.expect("created");
    assert_eq!(
        store.load(&key("one")).expect("an answer"),
        Some(first.session())
    );

    let second = Sketch {
        number: 2,
        members: &[1, 2],
        custom: r#"{"turn":18446744073709551616}"#,
        ..first
    };
    store
        .commit(second.write(Some(first.version())))
        .await
        .expect("replaced");
    assert_eq!(
        store.load(&key("one")).expect("an answer"),
        Some(second.session())
    );

    let delete = write_at(key("one"), Some(second.version()), None);
    store.commit(delete).await.expect("deleted");
    assert_eq!(store.load(&key("one")).expect("an answer"), None);
}

pub(super) async fn a_recreated_session_has_another_branch<S: Store>(store: Arc<S>) {
    let old = sketch("one");
    let new = Sketch { branch: 2, ..old };
    store.commit(old.write(None)).await.expect("created");
    let delete = write_at(key("one"), Some(old.version()), None);
    store.commit(delete).await.expect("deleted");
    store.commit(new.write(None)).await.expect("created again");

    // The number is the same, the session is not.
    let late = Sketch { number: 2, ..old };
    let refused = store.commit(late.write(Some(old.version()))).await;
    assert!(matches!(refused, Err(CommitError::Conflict)), "{refused:?}");
    assert_eq!(
        store.load(&key("one")).expect("an answer"),
        Some(new.session())
    );

    // One step may also replace a session by a new one of the same name.
    let third = Sketch { branch: 3, ..old };
    store
        .commit(third.write(Some(new.version())))
        .await
        .expect("replaced");
    assert_eq!(
        store.load(&key("one")).expect("an answer"),
        Some(third.session())
    );
}

pub(super) async fn keys_are_compared_without_regard_to_case<S: Store>(store: Arc<S>) {
    let first = Sketch {
        members: &[1],
        due: Some(60),
        ..sketch("One.X")
    };
    store.commit(first.write(None)).await.expect("created");
    let again = Sketch {
        branch: 2,
        ..sketch("oNE.x")
    };
    let refused = store.commit(again.write(None)).await;
    assert!(matches!(refused, Err(CommitError::Conflict)), "{refused:?}");

    // Another writer spells the key differently; the document keeps its creator's spelling.
    let second = Sketch { number: 2, ..first };
    let write = write_at(
        key_in("retail", "ONE.X"),
        Some(first.version()),
        Some(&second),
    );
    store.commit(write).await.expect("replaced");
    let loaded = store.load(&key_in("Retail", "one.x")).expect("an answer");
    assert_eq!(loaded.expect("there").reference.name.as_str(), "One.X");
    let due = store.due(super::fixtures::at(60), 9).expect("an answer");
    assert_eq!(due, [key("one.x")]);
    assert_eq!(due[0].reference.name.as_str(), "One.X");

    let delete = write_at(key("one.x"), Some(second.version()), None);
    store.commit(delete).await.expect("deleted");
    assert_eq!(store.load(&key("One.X")).expect("an answer"), None);
}

pub(super) async fn sandboxes_are_worlds_apart<S: Store>(store: Arc<S>) {
    let here = Sketch {
        branch: 1,
        ..sketch("one")
    };
    let there = Sketch {
        branch: 2,
        ..sketch("one")
    };
    store
        .commit(write_at(key_in("A.1", "one"), None, Some(&here)))
        .await
        .expect("created");
    store
        .commit(write_at(key_in("B.2", "one"), None, Some(&there)))
        .await
        .expect("created");
    let load = |sandbox| store.load(&key_in(sandbox, "one")).expect("an answer");
    assert_eq!(load("a.1"), Some(here.session()));
    assert_eq!(load("b.2"), Some(there.session()));
    assert_eq!(load("RETAIL"), None);
}

pub(super) async fn every_session_is_visited<S: Store>(store: Arc<S>) {
    let names: Vec<String> = (0..50).map(|number| format!("Session-{number}")).collect();
    for name in &names {
        store
            .commit(sketch(name).write(None))
            .await
            .expect("created");
    }
    let mut seen = BTreeMap::new();
    let visit = &mut |key: convoke_wire::SessionKey, session| {
        // A visitor may ask the store.
        assert_eq!(
            store.load(&key).expect("an answer").as_ref(),
            Some(&session)
        );
        assert!(
            seen.insert(key.reference.name.to_string(), session)
                .is_none()
        );
    };
    store.for_each_session(visit).expect("an answer");
    assert_eq!(seen.len(), names.len());
    for name in &names {
        assert_eq!(seen.get(name), Some(&sketch(name).session()));
    }
}

pub(super) async fn large_and_odd_documents_come_back_unchanged<S: Store>(store: Arc<S>) {
    let long = format!(r#"{{"text":"{}"}}"#, "x".repeat(300_000));
    let odd = [
        r#"{"big":123456789012345678901234567890,"small":1e-400,"exact":1.100}"#,
        r#"{"inner": { "a" : [ 1 ,2 ] }, "empty":{}, "nothing":null}"#,
        r#"{"text":"\u0000 \ud83d\ude00 quote' \" ; -- é"}"#,
        long.as_str(),
    ];
    let members: Vec<u64> = (1_000..2_000).collect();
    for (branch, custom) in (1..).zip(odd) {
        let name = format!("odd-{branch}");
        let session = Sketch {
            branch,
            custom,
            members: &members,
            ..sketch(&name)
        };
        store.commit(session.write(None)).await.expect("created");
        let loaded = store.load(&key(&name)).expect("an answer").expect("there");
        assert_eq!(loaded, session.session());
        let kept = loaded.properties.custom.to_raw();
        assert_eq!(
            kept.text(),
            session.session().properties.custom.to_raw().text()
        );
    }
}
