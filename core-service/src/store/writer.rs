//! Writes: one thread, one connection, group commit. Whatever has queued up becomes one transaction, each job in a
//! savepoint of its own; only after the commit are the events handed on and the callers answered. One fsync serves
//! the whole batch, and one writer makes `seq` gapless by construction.

use std::sync::Arc;
use std::time::Instant;

use chat_process::Shutdown;
use futures::future::BoxFuture;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

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
        let job: Job = Box::new(move |tx| {
            let outcome = tx.in_savepoint(job);
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

/// The thread's own half.
struct Thread {
    connection: Connection,
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
    let mut thread = Thread { connection, clock, hub, limits, metrics };
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
        }
    }

    fn run_batch(&self, batch: &mut Vec<Job>) {
        let mut events = Vec::new();
        let mut answers = Vec::with_capacity(batch.len());
        let committed = self.transaction(|| {
            for job in batch.drain(..) {
                let mut tx = WriteTx {
                    connection: &self.connection,
                    now: self.clock.now(),
                    limits: &self.limits,
                    events: &mut events,
                };
                answers.push(job(&mut tx));
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
