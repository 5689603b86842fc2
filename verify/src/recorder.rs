//! The one list that everything of a run is written to, and what it adds up to while the run goes on.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::history::{Answer, Client, Entry, Event, Index, Socket};

/// Takes down what happens, from all clients at once.
#[derive(Debug)]
pub struct Recorder {
    began: Instant,
    entries: Mutex<Vec<Entry>>,
    counts: Counts,
    deeds: Mutex<BTreeMap<&'static str, u64>>,
    violations: Mutex<Vec<String>>,
    sockets: AtomicU32,
}

/// What has happened so far.
#[derive(Debug, Default)]
struct Counts {
    tries: AtomicU64,
    accepted: AtomicU64,
    duplicates: AtomicU64,
    rejected: AtomicU64,
    retries: AtomicU64,
    live: AtomicU64,
    pages: AtomicU64,
    connections: AtomicU64,
    departures: AtomicU64,
}

/// [`Recorder::tally`]: how often what happened.
#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    /// Sends written to a connection, repeats included.
    pub tries: u64,
    /// Sends answered `accepted`.
    pub accepted: u64,
    /// Sends answered `duplicate`.
    pub duplicates: u64,
    /// Sends refused for good.
    pub rejected: u64,
    /// Sends answered with the wish that they be tried again.
    pub retries: u64,
    /// Messages that arrived live.
    pub live: u64,
    /// Pages read.
    pub pages: u64,
    /// Connections that were let in.
    pub connections: u64,
    /// Departures from a room.
    pub departures: u64,
}

impl Recorder {
    /// An empty record that begins now.
    #[must_use]
    pub fn new() -> Self {
        Self {
            began: Instant::now(),
            entries: Mutex::default(),
            counts: Counts::default(),
            deeds: Mutex::default(),
            violations: Mutex::default(),
            sockets: AtomicU32::new(0),
        }
    }

    /// Adds what is about to be done, or was heard. Returns its place.
    pub fn record(&self, event: Event) -> Index {
        self.counts.count(&event);
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        // Taken under the lock, so that times ascend as places do.
        entries.push(Entry { at: self.began.elapsed(), event });
        entries.len() - 1
    }

    /// How long ago it began.
    #[must_use]
    pub fn elapsed(&self) -> std::time::Duration {
        self.began.elapsed()
    }

    /// The number of a new connection.
    pub fn next_socket(&self) -> Socket {
        Socket(self.sockets.fetch_add(1, Ordering::Relaxed))
    }

    /// Adds what a client was told of the history's name.
    pub fn epoch(&self, client: Client, epoch: &str) {
        self.record(Event::Epoch { client, epoch: epoch.to_owned() });
    }

    /// Counts something that was done on purpose, by its kind.
    pub fn count(&self, deed: &'static str) {
        *self.deeds.lock().unwrap_or_else(PoisonError::into_inner).entry(deed).or_default() += 1;
    }

    /// How often what was done on purpose.
    #[must_use]
    pub fn deeds(&self) -> BTreeMap<&'static str, u64> {
        self.deeds.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes an answer that could not be read, which makes the run void.
    pub fn violation(&self, what: String) {
        let mut violations = self.violations.lock().unwrap_or_else(PoisonError::into_inner);
        // A few tell as much as a million.
        if violations.len() < 10 {
            violations.push(what);
        }
    }

    /// The first answers that could not be read.
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        self.violations.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What it adds up to.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let counts = &self.counts;
        Tally {
            tries: read(&counts.tries),
            accepted: read(&counts.accepted),
            duplicates: read(&counts.duplicates),
            rejected: read(&counts.rejected),
            retries: read(&counts.retries),
            live: read(&counts.live),
            pages: read(&counts.pages),
            connections: read(&counts.connections),
            departures: read(&counts.departures),
        }
    }

    /// Everything that was recorded; what comes later starts a new list.
    #[must_use]
    pub fn take(&self) -> Vec<Entry> {
        std::mem::take(&mut *self.entries.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new()
    }
}

impl Counts {
    fn count(&self, event: &Event) {
        let counter = match event {
            Event::Sent { .. } => &self.tries,
            Event::Answered { answer: Answer::Accepted(_), .. } => &self.accepted,
            Event::Answered { answer: Answer::Duplicate(_), .. } => &self.duplicates,
            Event::Answered { answer: Answer::Rejected(_), .. } => &self.rejected,
            Event::Answered { answer: Answer::Retry(_), .. } => &self.retries,
            Event::Live { .. } => &self.live,
            Event::Paged { .. } => &self.pages,
            Event::Opened { .. } => &self.connections,
            Event::Left { .. } => &self.departures,
            _ => return,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}
