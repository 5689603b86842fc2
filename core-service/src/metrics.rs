//! What operators can count (`/metrics` of the admin port).

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// What became of a send: `accepted`, `duplicate`, or the code of its refusal.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct SendOutcome {
    /// The word.
    pub outcome: &'static str,
}

/// The metrics of one service.
#[derive(Debug)]
pub struct Metrics {
    /// Sends by what became of them.
    pub sends: Family<SendOutcome, Counter>,
    /// Jobs of each committed batch.
    pub batch_jobs: Histogram,
    /// Seconds from the first statement of a batch to its last answer.
    pub batch_seconds: Histogram,
    /// Subscribe streams that are open.
    pub subscriptions: Gauge,
    /// Rooms and users that are being watched, over all streams.
    pub watches: Gauge,
    /// Watches that went back from the live tail to the store, mostly because the subscriber fell behind.
    pub watches_restarted: Counter,
}

impl Metrics {
    /// New metrics, registered.
    #[must_use]
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            sends: Family::default(),
            batch_jobs: Histogram::new(exponential_buckets(1.0, 2.0, 9)),
            batch_seconds: Histogram::new(exponential_buckets(0.000_25, 2.0, 14)),
            subscriptions: Gauge::default(),
            watches: Gauge::default(),
            watches_restarted: Counter::default(),
        };
        registry.register("core_sends", "Sends by what became of them", metrics.sends.clone());
        registry.register("core_batch_jobs", "Jobs of each write batch", metrics.batch_jobs.clone());
        registry.register("core_batch_seconds", "Duration of write batches", metrics.batch_seconds.clone());
        registry.register("core_subscriptions", "Open Subscribe streams", metrics.subscriptions.clone());
        registry.register("core_watches", "Watched rooms and users", metrics.watches.clone());
        registry.register(
            "core_watches_restarted",
            "Watches that went back from the live tail to the store",
            metrics.watches_restarted.clone(),
        );
        metrics
    }
}
