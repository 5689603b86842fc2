//! Writes: one thread, one connection, group commit. Whatever has queued up becomes one transaction, each job in a
//! savepoint of its own; only after the commit are the events handed on and the callers answered. One fsync serves
//! the whole batch, and one writer makes `seq` gapless by construction.

use std::sync::Arc;
use std::time::Instant;

use chat_process::Shutdown;
use chat_sabotage::{Fault, planted, strikes};
use futures::future::BoxFuture;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};
use tracing::Span;

use super::sabotage;
use super::wal::{self, Wal};
use crate::domain::{Clock, Error, Event, Result, Timestamp};
use crate::hub::Hub;
use crate::limits::Limits;
use crate::metrics::Metrics;

/// Jobs that wait at most; beyond, callers are told to come back.
const QUEUE: usize = 4_096;

/// Jobs of one transaction at most.
const BATCH: usize = 256;

/// The way to the writing thread, which ends when the last clone is gone.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
}

/// The transaction at hand, as a job sees it.
pub(super) struct WriteTx<'a> {
    connection: &'a Connection,
    now: Timestamp,
    limits: &'a Limits,
    events: &'a mut Vec<Event>,
}

/// A job does its work, and returns how to answer once the commit's fate is known.
type Job = Box<dyn FnOnce(&mut WriteTx<'_>) -> Answer + Send>;
type Answer = Box<dyn FnOnce(Committed) + Send>;

/// Whether the batch is on disk.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Committed {
    Yes,
    No,
}

impl WriteTx<'_> {
    pub(super) fn connection(&self) -> &Connection {
        self.connection
    }

    /// The time of this job.
    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    pub(super) fn limits(&self) -> &Limits {
        self.limits
    }

    /// Tells an event once the job is committed.
    pub(super) fn tell(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Runs a job so that its refusal leaves no trace: neither rows nor events.
    fn in_savepoint<T>(&mut self, job: impl FnOnce(&mut WriteTx<'_>) -> Result<T>) -> Result<T> {
        if self.connection.is_autocommit() {
            // A full disk, say, made SQLite end the transaction: a savepoint now would commit on its own.
            return Err(Error::Unavailable);
        }
        let told = self.events.len();
        self.connection.prepare_cached("SAVEPOINT job")?.execute([])?;
        let outcome = job(self);
        if outcome.is_err() {
            self.events.truncate(told);
            self.connection.prepare_cached("ROLLBACK TO job")?.execute([])?;
        }
        self.connection.prepare_cached("RELEASE job")?.execute([])?;
        outcome
    }
}

impl Writer {
    /// Queues a job now; the future is its answer, after the commit. Errors: the job's own, `unavailable` where the
    /// queue is full or the commit failed.
    pub(super) fn submit<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut WriteTx<'_>) -> Result<T> + Send + 'static,
    ) -> BoxFuture<'static, Result<T>> {
        let (answer, answered) = oneshot::channel();
        let context = Span::current();
        let job: Job = Box::new(move |tx| {
            let outcome = context.in_scope(|| tx.in_savepoint(job));
            Box::new(move |committed| {
                let outcome = if committed == Committed::Yes { outcome } else { Err(Error::Unavailable) };
                // A caller that went away wants no answer.
                let _ = answer.send(outcome);
            })
        });
        let queued = self.jobs.try_send(job);
        Box::pin(async move {
            queued.map_err(|_| Error::Unavailable)?;
            answered.await.unwrap_or(Err(Error::Unavailable))
        })
    }

    /// Queues a job whose outcome interests nobody, if there is room for it.
    pub(super) fn submit_and_forget(&self, job: impl FnOnce(&mut WriteTx<'_>) -> Result<()> + Send + 'static) {
        drop(self.submit(job));
    }
}

/// Does one job in a transaction of its own, on a connection beside the thread's. Nobody is told of it.
pub(super) fn alone<T>(
    connection: &Connection,
    now: Timestamp,
    job: impl FnOnce(&mut WriteTx<'_>) -> Result<T>,
) -> Result<T> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let outcome = job(&mut WriteTx { connection, now, limits: &Limits::new(None), events: &mut Vec::new() })?;
    transaction.commit()?;
    Ok(outcome)
}

/// The thread's own half.
struct Thread {
    connection: Connection,
    wal: Wal,
    clock: Clock,
    hub: Arc<Hub>,
    limits: Arc<Limits>,
    metrics: Arc<Metrics>,
}

/// Starts the thread. Without it the process makes no sense. Errors: no thread to be had.
pub(super) fn start(
    connection: Connection,
    clock: Clock,
    hub: Arc<Hub>,
    limits: Arc<Limits>,
    metrics: Arc<Metrics>,
    shutdown: &Shutdown,
) -> std::io::Result<Writer> {
    let (jobs, queue) = mpsc::channel(QUEUE);
    let wal = Wal::of(&connection, wal::LIMIT);
    let mut thread = Thread { connection, wal, clock, hub, limits, metrics };
    shutdown.spawn_thread("writer", move || thread.run(queue))?;
    Ok(Writer { jobs })
}

impl Thread {
    fn run(&mut self, mut queue: mpsc::Receiver<Job>) {
        let mut batch = Vec::with_capacity(BATCH);
        while queue.blocking_recv_many(&mut batch, BATCH) > 0 {
            self.metrics.batch_jobs.observe(batch.len() as f64);
            let began = Instant::now();
            self.run_batch(&mut batch);
            self.metrics.batch_seconds.observe(began.elapsed().as_secs_f64());
            self.wal.keep_short(&self.connection);
        }
    }

    fn run_batch(&self, batch: &mut Vec<Job>) {
        let mut events = Vec::new();
        let mut answers = Vec::with_capacity(batch.len());
        if batch.len() > 1 && strikes(Fault::ReorderBatch, 5) {
            batch.reverse();
        }
        let committed = self.transaction(|| {
            for job in batch.drain(..) {
                let told = events.len();
                let mut tx = WriteTx {
                    connection: &self.connection,
                    now: self.clock.now(),
                    limits: &self.limits,
                    events: &mut events,
                };
                let answer = job(&mut tx);
                if planted(Fault::AckBeforeCommit) && sabotage::only_messages(&events[told..]) {
                    answer(Committed::Yes);
                } else {
                    answers.push(answer);
                }
            }
            if planted(Fault::AckBeforeCommit) {
                std::thread::sleep(sabotage::SLOW_DISK);
            }
            if strikes(Fault::LoseCommit, 20) && sabotage::only_messages(&events) {
                let _ = self.connection.execute_batch("ROLLBACK; BEGIN IMMEDIATE");
            }
        });
        // Where BEGIN failed the jobs are still here: dropping them answers `unavailable`.
        batch.clear();
        let committed = match committed {
            Ok(()) => {
                self.hub.publish(events);
                Committed::Yes
            }
            Err(error) => {
                tracing::error!(%error, "a batch could not be committed");
                Committed::No
            }
        };
        for answer in answers {
            answer(committed);
        }
    }

    fn transaction(&self, work: impl FnOnce()) -> rusqlite::Result<()> {
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        work();
        let committed = self.connection.prepare_cached("COMMIT")?.execute([]);
        if committed.is_err() && !self.connection.is_autocommit() {
            self.connection.execute_batch("ROLLBACK")?;
        }
        committed.map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use prometheus_client::registry::Registry;

    use super::super::schema;
    use super::*;
    use crate::domain::{RoomId, UserEvent, UserId};
    use crate::hub::Cursor;

    struct World {
        writer: Writer,
        hub: Arc<Hub>,
        shutdown: Shutdown,
        /// Sees what is committed, and nothing else.
        outside: Connection,
        _dir: tempfile::TempDir,
    }

    fn world() -> World {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("writer.db");
        let (connection, _) = schema::open(&path).unwrap();
        let (hub, shutdown) = (Arc::new(Hub::default()), Shutdown::new());
        let limits = Arc::new(Limits::new(None));
        let metrics = Arc::new(Metrics::register(&mut Registry::default()));
        let writer = start(connection, Clock::system(), hub.clone(), limits, metrics, &shutdown).unwrap();
        World { writer, hub, shutdown, outside: Connection::open(path).unwrap(), _dir: dir }
    }

    impl World {
        /// Keeps the thread busy until the sender is dropped, so that whatever is submitted then is one batch.
        fn hold(&self) -> mpsc::Sender<()> {
            let (release, held) = mpsc::channel::<()>();
            let (begun, waiting) = mpsc::channel();
            self.writer.submit_and_forget(move |_| {
                begun.send(()).unwrap();
                // Ends when the sender is gone.
                let _ = held.recv();
                Ok(())
            });
            waiting.recv().unwrap();
            release
        }

        fn users(&self) -> Vec<String> {
            let mut statement = self.outside.prepare("SELECT user_id FROM users ORDER BY key").unwrap();
            let users = statement.query_map([], |row| row.get(0)).unwrap();
            users.map(std::result::Result::unwrap).collect()
        }

        fn watch(&self) -> Cursor<UserId, UserEvent> {
            self.hub.watch_user(&UserId::stored("watcher"))
        }
    }

    /// Stores a user and tells about it.
    fn store(tx: &mut WriteTx<'_>, user: &str) -> Result<()> {
        let sql = "INSERT INTO users (user_id, display_name, password_hash, created_at) VALUES (?1, ?1, '', 0)";
        tx.connection().execute(sql, [user])?;
        let told = UserEvent::RoomRemoved(RoomId::stored(user));
        tx.tell(Event::User(UserId::stored("watcher"), told));
        Ok(())
    }

    async fn told(cursor: &mut Cursor<UserId, UserEvent>) -> String {
        match cursor.next().await {
            Ok(UserEvent::RoomRemoved(room)) => room.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn an_answer_and_an_event_come_after_the_commit() {
        let world = world();
        let mut cursor = world.watch();
        world.writer.submit(|tx| store(tx, "one")).await.unwrap();
        assert_eq!(world.users(), ["one"]);
        let answer = world.writer.submit(|tx| store(tx, "two"));
        assert_eq!(told(&mut cursor).await, "one");
        assert_eq!(told(&mut cursor).await, "two");
        assert_eq!(world.users(), ["one", "two"]);
        answer.await.unwrap();
    }

    #[tokio::test]
    async fn a_job_that_fails_leaves_neither_rows_nor_events_and_spares_its_batch() {
        let world = world();
        let (mut cursor, held) = (world.watch(), world.hold());
        let before = world.writer.submit(|tx| store(tx, "before"));
        let refused = world.writer.submit(|tx| {
            store(tx, "refused")?;
            Err::<(), _>(Error::NotAMember)
        });
        let failed = world.writer.submit(|tx| {
            store(tx, "failed")?;
            store(tx, "failed")
        });
        let after = world.writer.submit(|tx| store(tx, "after"));
        drop(held);
        assert_eq!((before.await, refused.await), (Ok(()), Err(Error::NotAMember)));
        assert_eq!((failed.await, after.await), (Err(Error::Internal), Ok(())));
        assert_eq!(world.users(), ["before", "after"]);
        assert_eq!((told(&mut cursor).await, told(&mut cursor).await), ("before".to_owned(), "after".to_owned()));
    }

    #[tokio::test]
    async fn a_batch_that_cannot_be_committed_is_stored_and_told_to_nobody() {
        let world = world();
        let (mut cursor, held) = (world.watch(), world.hold());
        let innocent = world.writer.submit(|tx| store(tx, "innocent"));
        let broken = world.writer.submit(|tx| {
            // Found out at the commit only.
            tx.connection().execute_batch(
                "PRAGMA defer_foreign_keys = ON;
                 INSERT INTO members (room, user, role, joined_at) VALUES (7, 7, 'member', 0)",
            )?;
            Ok(())
        });
        drop(held);
        assert_eq!((innocent.await, broken.await), (Err(Error::Unavailable), Err(Error::Unavailable)));
        assert!(world.users().is_empty());
        world.writer.submit(|tx| store(tx, "next")).await.unwrap();
        assert_eq!(told(&mut cursor).await, "next");
    }

    #[tokio::test]
    async fn a_batch_whose_transaction_ends_in_its_midst_stores_nothing() {
        let world = world();
        let (mut cursor, held) = (world.watch(), world.hold());
        let before = world.writer.submit(|tx| store(tx, "before"));
        let ends = world.writer.submit(|tx| {
            // As SQLite does by itself where the disk is full.
            tx.connection().execute_batch("ROLLBACK")?;
            Ok(())
        });
        let after = world.writer.submit(|tx| store(tx, "after"));
        drop(held);
        assert_eq!((before.await, after.await), (Err(Error::Unavailable), Err(Error::Unavailable)));
        assert!(ends.await.is_err());
        assert!(world.users().is_empty());
        world.writer.submit(|tx| store(tx, "next")).await.unwrap();
        assert_eq!((world.users(), told(&mut cursor).await), (vec!["next".to_owned()], "next".to_owned()));
    }

    #[tokio::test]
    async fn a_full_queue_refuses_and_what_was_queued_is_done() {
        let world = world();
        let held = world.hold();
        let queued: Vec<_> = (0..QUEUE).map(|_| world.writer.submit(|_| Ok(()))).collect();
        let refused = world.writer.submit(|tx| store(tx, "refused"));
        assert_eq!(refused.await, Err(Error::Unavailable));
        drop(held);
        for answer in queued {
            answer.await.unwrap();
        }
        world.writer.submit(|tx| store(tx, "next")).await.unwrap();
        assert_eq!(world.users(), ["next"]);
    }

    #[tokio::test]
    async fn a_panic_takes_the_process_down_and_stores_nothing_half() {
        let world = world();
        let held = world.hold();
        let before = world.writer.submit(|tx| store(tx, "before"));
        let panics = world.writer.submit::<()>(|tx| {
            store(tx, "half")?;
            panic!("a fault")
        });
        drop(held);
        assert_eq!((before.await, panics.await), (Err(Error::Unavailable), Err(Error::Unavailable)));
        world.shutdown.begun().await;
        world.shutdown.drained().await;
        assert!(world.shutdown.failed());
        assert!(world.users().is_empty());
        assert_eq!(world.writer.submit(|_| Ok(())).await, Err(Error::Unavailable));
    }
}
