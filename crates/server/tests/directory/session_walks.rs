//! Long random histories of one session: they look the same on every store, and after restarts.

use serde_json::{Value, json};

use crate::document::with_known_ids;
use crate::fixtures::{
    A, A_DEVICE, B, B_DEVICE, C, D, active, create, custom, leave, me, reserve, session, system,
};
use crate::world::{Player, StoreKind, World};

const STEPS: usize = 300;

/// A random choice that is the same in every run.
struct Dice(u64);

impl Dice {
    /// A number below `sides`.
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let sides = u64::try_from(sides).expect("a number of sides");
        usize::try_from(self.0 % sides).expect("a number of dots")
    }
}

/// The bodies that walkers write.
fn bodies() -> Vec<Value> {
    vec![
        json!({}),
        active(),
        active(),
        create(A),
        json!({"members": {"me": {}}}),
        me(json!({"active": false})),
        me(json!({"ready": true})),
        me(json!({"secureDeviceAddress": A_DEVICE})),
        me(json!({"secureDeviceAddress": B_DEVICE, "groups": ["g"]})),
        me(json!({"active": true, "ready": true})),
        leave(),
        leave(),
        reserve(&[B]),
        reserve(&[C, D]),
        system(json!({"closed": true})),
        system(json!({"closed": true, "locked": true})),
        system(json!({"closed": null, "locked": null})),
        system(json!({"turn": [0, 1]})),
        system(json!({"keywords": ["k", "l"]})),
        system(json!({"host": "00112233445566778899aabbccddeeff"})),
        custom(json!({"a": 1, "b": {"c": [null]}})),
        custom(json!({"a": null, "d": "x"})),
        json!({"members": {"0": null}}),
        json!({"members": {"1": null}}),
        json!({"servers": {"matchmaking": {"properties": {"system": {"status": "found"}}}}}),
        json!({"servers": {"matchmaking": null}}),
        json!({"constants": {"custom": {"late": 1}}}),
        json!({"bogus": 1}),
    ]
}

async fn people(w: &World) -> Vec<Player> {
    let mut people = Vec::new();
    for xuid in [A, B, C, D] {
        people.push(w.user(xuid).await);
    }
    people.push(w.server().await);
    people
}

/// Everything that was answered on a walk, and the session at its end.
async fn walk(store: StoreKind, template: &str, seed: u64, restarts: bool) -> Vec<(u16, Value)> {
    let mut w = World::new(store).await;
    let mut walkers = people(&w).await;
    let mut dice = Dice(seed);
    let path = session(template, "walk");
    let bodies = bodies();
    let mut history = Vec::new();
    for _ in 0..STEPS {
        match dice.roll(12) {
            0 => w.advance_lazily([1, 1000, 5000, 30_000][dice.roll(4)]),
            1 => w.advance([0, 999, 5000, 60_000][dice.roll(4)]).await,
            _ => {}
        }
        if dice.roll(60) == 0 && restarts {
            w = w.restart().await;
            walkers = people(&w).await;
        }
        let walker = &walkers[dice.roll(walkers.len())];
        let answer = match dice.roll(5) {
            0 => walker.get(&path).await,
            _ => {
                walker
                    .put(&path, bodies[dice.roll(bodies.len())].clone())
                    .await
            }
        };
        assert!(
            answer.status < 500,
            "{} after {}",
            answer.status,
            answer.sent
        );
        let body = match answer.header("content-type") {
            Some("application/json") => with_known_ids(answer.json()),
            _ => Value::from(answer.text()),
        };
        history.push((answer.status, body));
    }
    history
}

async fn the_same_on_each_store(template: &str, restarts: bool) {
    for seed in [7, 0x00c0_ffee, 0x5eed_5eed] {
        let memory = walk(StoreKind::Memory, template, seed, false).await;
        let sqlite = walk(StoreKind::Sqlite, template, seed, restarts).await;
        for (step, (expected, actual)) in memory.iter().zip(&sqlite).enumerate() {
            assert_eq!(actual, expected, "step {step} of the walk with seed {seed}");
        }
        let created = memory.iter().filter(|(status, _)| *status == 201).count();
        let updated = memory.iter().filter(|(status, _)| *status == 200).count();
        assert!(
            0 < created && STEPS / 4 < updated,
            "{created} and {updated} of {STEPS}"
        );
    }
}

#[tokio::test]
async fn a_walk_through_a_strict_session_is_the_same_on_each_store() {
    the_same_on_each_store("open", false).await;
}

#[tokio::test]
async fn a_walk_through_a_patient_session_is_the_same_on_each_store() {
    the_same_on_each_store("slow", false).await;
}

#[tokio::test]
async fn a_walk_with_restarts_is_the_same_as_one_without() {
    the_same_on_each_store("keep", true).await;
}

#[tokio::test]
async fn a_walk_through_an_owned_session_is_the_same_on_each_store() {
    the_same_on_each_store("own", true).await;
}
