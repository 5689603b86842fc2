//! What operators can count (`/metrics` of the admin port).

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// What became of a send: `accepted`, `duplicate`, or the code of its refusal.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(crate) struct SendOutcome {
    /// The word.
    pub(crate) outcome: String,
}

/// Why a socket closed.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(crate) struct CloseReason {
    /// The word.
    pub(crate) reason: &'static str,
}

/// The metrics of one gateway.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    /// Sockets that are connected.
    pub(crate) sockets: Gauge,
    /// Sends by what became of them.
    pub(crate) sends: Family<SendOutcome, Counter>,
    /// Room messages handed to sockets.
    pub(crate) deliveries: Counter,
    /// Sockets disconnected because their buffer was full.
    pub(crate) slow_consumers: Counter,
    /// Closed sockets by reason.
    pub(crate) closes: Family<CloseReason, Counter>,
    /// Times that the stream of events from the core was opened.
    pub(crate) feed_connects: Counter,
    /// Whether that stream is open: 1 or 0.
    pub(crate) feed_up: Gauge,
}

impl Metrics {
    /// New metrics, registered.
    #[must_use]
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        registry.register("gateway_sockets", "Connected sockets", metrics.sockets.clone());
        registry.register("gateway_sends", "Sends by what became of them", metrics.sends.clone());
        registry.register("gateway_deliveries", "Messages handed to sockets", metrics.deliveries.clone());
        let help = "Sockets disconnected because their buffer was full";
        registry.register("gateway_slow_consumers", help, metrics.slow_consumers.clone());
        registry.register("gateway_closes", "Closed sockets by reason", metrics.closes.clone());
        let help = "Times that the stream of events from the core was opened";
        registry.register("gateway_feed_connects", help, metrics.feed_connects.clone());
        let help = "Whether the stream of events from the core is open";
        registry.register("gateway_feed_up", help, metrics.feed_up.clone());
        metrics
    }
}
