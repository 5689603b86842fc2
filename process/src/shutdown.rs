//! Stopping on purpose: one token that says so, one tracker that knows who is not done yet.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The life of a process, shared by all its tasks. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    token: CancellationToken,
    tracker: TaskTracker,
    failed: Arc<AtomicBool>,
}

impl Shutdown {
    /// A life that has just begun.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A token that is cancelled when the stop begins.
    #[must_use]
    pub fn token(&self) -> CancellationToken {
        self.token.clone()
    }

    /// Begins the stop. Doing it again changes nothing.
    pub fn begin(&self) {
        self.token.cancel();
        self.tracker.close();
    }

    /// Completes when the stop begins.
    pub async fn begun(&self) {
        self.token.cancelled().await;
    }

    /// Completes when the stop has begun and every task has ended.
    pub async fn drained(&self) {
        self.tracker.wait().await;
    }

    /// Whether an essential task died before the stop began.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// Runs a task that the stop waits for.
    pub fn spawn<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.tracker.spawn(task);
    }

    /// Runs a task without which the process makes no sense: where it panics, or ends before the stop begins,
    /// the process stops and exits with status 1.
    pub fn spawn_essential<F>(&self, name: &'static str, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let watch = self.death_watch(name);
        self.tracker.spawn(async move {
            let watch = watch;
            task.await;
            drop(watch);
        });
    }

    /// The same on a thread of its own. Errors: no thread to be had.
    pub fn spawn_thread(&self, name: &'static str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let guard = (self.death_watch(name), self.tracker.token());
        let named = std::thread::Builder::new().name(name.to_owned());
        named.spawn(move || {
            let _guard = guard;
            work();
        })?;
        Ok(())
    }

    fn death_watch(&self, name: &'static str) -> DeathWatch {
        DeathWatch { name, shutdown: self.clone() }
    }
}

/// Takes the process down when it is dropped before the stop has begun.
#[derive(Debug)]
struct DeathWatch {
    name: &'static str,
    shutdown: Shutdown,
}

impl Drop for DeathWatch {
    fn drop(&mut self) {
        if !self.shutdown.token.is_cancelled() {
            tracing::error!(task = self.name, "an essential task ended: the process stops");
            self.shutdown.failed.store(true, Ordering::Release);
            self.shutdown.begin();
        }
    }
}
