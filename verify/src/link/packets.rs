//! What Socket.IO runs over: text packets in both directions (Engine.IO protocol 4).

use tokio::sync::mpsc;

/// Packets that wait in either direction at most. Few, so that a client that stops reading is soon felt by the server.
const QUEUE: usize = 16;

/// The session's end of a transport. It ends when one of the two does.
pub(super) struct Packets {
    pub(super) incoming: mpsc::Receiver<String>,
    pub(super) outgoing: mpsc::Sender<String>,
}

/// The transport's end.
pub(super) struct Carrier {
    pub(super) incoming: mpsc::Sender<String>,
    pub(super) outgoing: mpsc::Receiver<String>,
}

pub(super) fn pair() -> (Packets, Carrier) {
    let (arrived, incoming) = mpsc::channel(QUEUE);
    let (outgoing, leaving) = mpsc::channel(QUEUE);
    (Packets { incoming, outgoing }, Carrier { incoming: arrived, outgoing: leaving })
}
