//! An event in the moment it arrives, and the queue that it goes onto.

use std::convert::Infallible;
use std::sync::Arc;

use serde::Serialize;
use socketioxide::adapter::LocalAdapter;
use socketioxide::extract::AckSender;
use socketioxide::handler::FromMessageParts;
use socketioxide::socket::Socket;
use socketioxide::{SendError, SocketError};
use socketioxide_core::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// An event as it came: its arguments unread, its callback if it has one.
pub(super) struct Incoming {
    /// The JSON array of the event's name and its arguments.
    pub(super) arguments: String,
    pub(super) callback: Callback,
}

/// The way back to whoever waits for an acknowledgement.
#[derive(Clone)]
pub(super) struct Callback {
    socket: Arc<Socket<LocalAdapter>>,
    id: Option<i64>,
}

/// An event on the queue. It holds a share of the queue's bytes.
pub(super) struct Queued {
    pub(super) event: &'static str,
    pub(super) incoming: Incoming,
    pub(super) arrived: Instant,
    pub(super) bytes: OwnedSemaphorePermit,
}

/// The way onto a socket's queue.
#[derive(Clone)]
pub(super) struct Mailbox {
    pub(super) events: mpsc::Sender<Queued>,
    pub(super) bytes: Arc<Semaphore>,
    pub(super) close: CancellationToken,
}

impl FromMessageParts<LocalAdapter> for Incoming {
    type Error = Infallible;

    fn from_message_parts(
        socket: &Arc<Socket<LocalAdapter>>,
        value: &mut Value,
        id: &Option<i64>,
    ) -> Result<Self, Infallible> {
        let arguments = value.as_str().map(|text| text.as_str().to_owned()).unwrap_or_default();
        Ok(Self { arguments, callback: Callback { socket: socket.clone(), id: *id } })
    }
}

impl Callback {
    /// Whether anybody waits.
    pub(super) fn is_wanted(&self) -> bool {
        self.id.is_some()
    }

    /// Calls back. Says whether the socket's buffer was full: then nothing happened.
    pub(super) fn try_send(&self, answer: &impl Serialize) -> Result<(), Full> {
        let Ok(sender) = AckSender::from_message_parts(&self.socket, &mut Value::Bytes(Default::default()), &self.id);
        full(sender.send(answer))
    }
}

/// A socket's buffer has no room.
pub(super) struct Full;

/// Tells a full buffer from everything else: a socket that is gone needs no answer.
pub(super) fn full(sent: Result<(), SendError>) -> Result<(), Full> {
    match sent {
        Err(SendError::Socket(SocketError::InternalChannelFull)) => Err(Full),
        _ => Ok(()),
    }
}

impl Mailbox {
    /// Queues an event. A client that floods the queue is disconnected: nothing of it is dropped in silence.
    pub(super) fn put(&self, event: &'static str, incoming: Incoming) {
        let bytes = u32::try_from(incoming.arguments.len()).unwrap_or(u32::MAX);
        let queued = self.bytes.clone().try_acquire_many_owned(bytes).ok();
        let arrived = Instant::now();
        let queued = queued.map(|bytes| self.events.try_send(Queued { event, incoming, arrived, bytes }));
        if !matches!(queued, Some(Ok(()))) && !self.close.is_cancelled() {
            tracing::info!("a socket that floods its queue is disconnected");
            self.close.cancel();
        }
    }
}
