//! Writing to the file: everything that waits goes to the disk together.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, TransactionBehavior};

use super::apply::apply;
use super::checkpoint::Checkpoints;
use super::prepared::Prepared;
use super::schema;
use crate::batch_writer::{Answer, Engine, fail_all};
use crate::metrics::Counters;
use crate::{CommitError, StoreError};

/// Takes batches into the tables, each in one transaction.
#[derive(Debug)]
pub(super) struct SqliteEngine {
    conn: Connection,
    checkpoints: Checkpoints,
    /// Why nothing is written any more.
    damage: Option<StoreError>,
    counters: Arc<Counters>,
}

impl SqliteEngine {
    pub(super) fn open(
        path: &Path,
        data: Arc<File>,
        counters: Arc<Counters>,
    ) -> Result<Self, StoreError> {
        let mut conn = schema::open_writer(path)?;
        Ok(Self {
            checkpoints: Checkpoints::watch(path, data, &mut conn)?,
            conn,
            damage: None,
            counters,
        })
    }
}

impl Engine<Prepared> for SqliteEngine {
    fn take(&mut self, steps: &mut [Prepared]) -> Vec<Answer> {
        take_steps(&mut self.conn, steps, &mut self.damage, &self.counters)
    }

    fn between_batches(&mut self) {
        if let Err(error) = self.checkpoints.between_batches(&self.conn, &self.counters) {
            stop_writing(&mut self.damage, error);
        }
    }

    fn at_end(self) {
        self.checkpoints.at_end(&self.conn);
    }
}

/// Takes the steps of a batch; the answers are in the order of the steps.
///
/// Once the file has turned out to be damaged, or the disk has failed to confirm what was written,
/// nothing is written any more: a disk that failed once may confirm the next time without having
/// kept what it failed to keep.
fn take_steps(
    conn: &mut Connection,
    steps: &[Prepared],
    damage: &mut Option<StoreError>,
    counters: &Counters,
) -> Vec<Answer> {
    if let Some(damage) = damage {
        return fail_all(steps, damage);
    }
    let failure = match in_one_transaction(conn, steps, None, counters) {
        Ok(answers) => return answers,
        Err(failure) => failure,
    };
    // A step that the engine cannot take must not take the others down with it.
    let failure = match failure.step {
        Some(step) if 1 < steps.len() && !failure.is_damage() => {
            match in_one_transaction(conn, steps, Some((step, &failure.error)), counters) {
                Ok(answers) => return answers,
                Err(failure) => failure,
            }
        }
        _ => failure,
    };
    let is_damage = failure.is_damage();
    let error = failure.error;
    if is_damage {
        stop_writing(damage, error.clone());
    } else {
        // Whoever asked for a step is told of its error, and reports it.
        tracing::debug!(%error, batch.steps = steps.len(), "a batch of writes failed");
    }
    fail_all(steps, &error)
}

fn stop_writing(damage: &mut Option<StoreError>, error: StoreError) {
    tracing::error!(%error, "the store writes nothing any more");
    damage.get_or_insert(error);
}

/// Why a transaction has failed: nothing of it has happened.
struct Failure {
    error: StoreError,
    /// The step that failed, when it was not the transaction itself.
    step: Option<usize>,
}

impl Failure {
    fn is_damage(&self) -> bool {
        matches!(self.error, StoreError::Corrupt(_) | StoreError::Stopped(_))
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self {
            error: error.into(),
            step: None,
        }
    }
}

/// Takes all steps but the one that is known to fail, which gets its error for an answer.
///
/// Refusals are given out only after the commit: they were judged on what it makes true.
fn in_one_transaction(
    conn: &mut Connection,
    steps: &[Prepared],
    failing: Option<(usize, &StoreError)>,
    counters: &Counters,
) -> Result<Vec<Answer>, Failure> {
    let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut answers = Vec::with_capacity(steps.len());
    for (number, step) in steps.iter().enumerate() {
        let answer = match failing {
            Some((failing, error)) if failing == number => Err(error.clone().into()),
            _ => match apply(&transaction, step) {
                Err(CommitError::Store(error)) => {
                    let step = Some(number);
                    return Err(Failure { error, step });
                }
                answer => answer,
            },
        };
        answers.push(answer);
    }
    let taken = steps
        .iter()
        .zip(&answers)
        .filter(|(_, answer)| answer.is_ok());
    counters.wrote(taken.map(|(step, _)| step.bytes()).sum());
    counters.timed(|| transaction.commit())?;
    Ok(answers)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use convoke_core::people::Follow;
    use convoke_wire::Xuid;
    use jiff::Timestamp;

    use super::*;
    use crate::PeopleOp;
    use crate::codec::Encoded;
    use crate::sqlite::prepared::{HandleChange, HandleRow, SessionChange};

    fn store() -> (tempfile::TempDir, PathBuf, Connection) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.db");
        schema::create(&path).unwrap();
        let conn = schema::open_writer(&path).unwrap();
        (dir, path, conn)
    }

    fn step(handles: Vec<HandleChange>, people: Vec<PeopleOp>) -> Prepared {
        Prepared {
            sessions: Vec::new(),
            require_handles: Vec::new(),
            require_free_keys: Vec::new(),
            require_activities: Vec::new(),
            handles,
            people,
            play: Vec::new(),
        }
    }

    fn good(target: u64) -> Prepared {
        let follow = Follow {
            owner: Xuid(1),
            target: Xuid(target),
            favorite: false,
            added_at: Timestamp::UNIX_EPOCH,
        };
        step(Vec::new(), vec![PeopleOp::Put(follow)])
    }

    /// Holds one key twice, which no handle does and no table takes.
    fn bad() -> Prepared {
        let handle = HandleRow {
            id: "1".to_owned(),
            session: String::new(),
            kind: "search",
            sandbox: String::new(),
            owner: None,
            created: 0,
            expires: None,
            body: Encoded {
                text: String::new(),
                checksum: 0,
            },
            keys: vec!["key".to_owned(), "key".to_owned()],
        };
        step(vec![HandleChange::Put(Box::new(handle))], Vec::new())
    }

    fn take(
        conn: &mut Connection,
        batch: &[Prepared],
        damage: &mut Option<StoreError>,
    ) -> Vec<Answer> {
        take_steps(conn, batch, damage, &Counters::default())
    }

    fn outcomes(answers: &[Answer]) -> Vec<bool> {
        answers.iter().map(Result::is_ok).collect()
    }

    fn follows(conn: &Connection) -> i64 {
        conn.query_row("SELECT count(*) FROM follows", [], |row| row.get(0))
            .unwrap()
    }

    #[test]
    fn a_step_that_the_engine_cannot_take_fails_alone() {
        let (_dir, _, mut conn) = store();
        let batch = [good(1), bad(), good(2)];
        let answers = take(&mut conn, &batch, &mut None);
        assert_eq!(outcomes(&answers), [true, false, true]);
        assert_eq!(follows(&conn), 2);
        let handles: i64 = conn
            .query_row("SELECT count(*) FROM handles", [], |row| row.get(0))
            .unwrap();
        assert_eq!(handles, 0);
    }

    #[test]
    fn when_more_than_one_step_fails_the_batch_fails_and_the_next_does_not() {
        let (_dir, _, mut conn) = store();
        let damage = &mut None;
        let answers = take(&mut conn, &[good(1), bad(), good(2), bad()], damage);
        assert_eq!(outcomes(&answers), [false; 4]);
        assert_eq!(follows(&conn), 0);
        assert!(damage.is_none());
        assert_eq!(outcomes(&take(&mut conn, &[good(1)], damage)), [true]);
    }

    #[test]
    fn when_the_file_is_locked_the_batch_fails_and_a_later_one_does_not() {
        let (_dir, path, mut conn) = store();
        conn.busy_timeout(std::time::Duration::ZERO).unwrap();
        let other = Connection::open(path).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let answers = take(&mut conn, &[good(1), good(2)], &mut None);
        assert_eq!(outcomes(&answers), [false, false]);
        other.execute_batch("ROLLBACK").unwrap();
        let answers = take(&mut conn, &[good(1), good(2)], &mut None);
        assert_eq!(outcomes(&answers), [true, true]);
    }

    #[test]
    fn nothing_is_written_to_a_damaged_file() {
        let (_dir, _, mut conn) = store();
        conn.execute_batch(
            "INSERT INTO sessions VALUES (1, 'k', '', '', '', '', '', 1, NULL, 0, 'damage', '')",
        )
        .unwrap();
        let deletes = Prepared {
            sessions: vec![SessionChange {
                key: "k".to_owned(),
                sandbox: String::new(),
                expected: Some((uuid::Uuid::nil(), 1)),
                next: None,
                members: None,
            }],
            ..good(1)
        };
        let damage = &mut None;
        let answers = take(&mut conn, &[good(2), deletes], damage);
        assert_eq!(outcomes(&answers), [false, false]);
        let answers = take(&mut conn, &[good(3)], damage);
        let damaged = matches!(
            answers[..],
            [Err(CommitError::Store(StoreError::Corrupt(_)))]
        );
        assert!(damaged, "{answers:?}");
        assert_eq!(follows(&conn), 0);
    }
}
