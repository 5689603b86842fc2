//! Socket.IO: every event on one screen. The session is found out before a socket is let in; every event then goes
//! onto the socket's own queue in the moment it arrives, and one task per socket works the queue off, because the
//! library gives each event a task of its own, whose order is anybody's guess.

mod flight;
mod incoming;
mod inline;
mod payload;
mod turns;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use chat_proto::v1;
use chat_sabotage::{Fault, planted};
use serde::Deserialize;
use socketioxide::extract::{SocketRef, TryData};
use socketioxide::handler::ConnectHandler as _;
use socketioxide::socket::DisconnectReason;
use socketioxide::{SocketIo, TransportType};
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth;
use crate::core::{Core, answer, with_token};
use crate::error::{Code, Refusal};
use crate::feed::{Feed, Outlet};
use crate::metrics::{CloseReason, Metrics};
use crate::sends::Sends;
use incoming::{Incoming, Mailbox};
use worker::Worker;

/// The events that clients send; others are ignored.
pub(crate) const EVENTS: [&str; 8] =
    ["message_send", "message", "message_resync", "join_room", "leave_room", "typing", "mark_read", "set_user"];

/// Bytes of one packet or polling body at most.
const MAX_PACKET: usize = 8 * 1024 * 1024;

/// Packets that wait for a socket at most; one that does not take them in time is disconnected. A client that polls
/// takes nothing between two polls: what comes back of a thousand sends at once has to fit.
const BUFFER: usize = 4_096;

/// The same where [`Fault::DropWhenFull`] is planted, so that it happens.
const SMALL_BUFFER: usize = 8;

/// Events of one socket that wait to be worked off at most, and their bytes.
const QUEUE: (usize, usize) = (4_096, 2 * MAX_PACKET);

/// How often a client is asked whether it still lives, and how long it has to answer: together below 10 s.
const HEARTBEAT: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(4));

/// What sockets work with.
#[derive(Clone, Debug)]
pub(crate) struct Works {
    pub(crate) core: Core,
    pub(crate) sends: Sends,
    pub(crate) feed: Feed,
    pub(crate) metrics: Arc<Metrics>,
    /// The tasks of sockets.
    pub(crate) workers: TaskTracker,
    /// The process is about to stop.
    pub(crate) stopping: CancellationToken,
    /// Whether calls are counted.
    pub(crate) limited: bool,
}

/// Whom a socket speaks for.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    token: String,
    me: v1::GetMeResponse,
}

#[derive(Deserialize)]
struct Auth {
    token: Option<String>,
    protocol: Option<serde_json::Value>,
}

/// Puts Socket.IO in front of a router. The handle closes all sockets.
pub(crate) fn serve(router: Router, works: Works) -> (Router, SocketIo) {
    let (layer, io) = SocketIo::builder()
        .max_payload(MAX_PACKET as u64)
        .ws_max_message_size(MAX_PACKET)
        .ws_max_frame_size(MAX_PACKET)
        .max_buffer_size(if planted(Fault::DropWhenFull) { SMALL_BUFFER } else { BUFFER })
        .ping_interval(HEARTBEAT.0)
        .ping_timeout(HEARTBEAT.1)
        .connect_timeout(Duration::from_secs(10))
        .transports([TransportType::Polling, TransportType::Websocket])
        .build_layer();
    let (core, stopping) = (works.core.clone(), works.stopping.clone());
    let admit = async move |socket: SocketRef, TryData(auth): TryData<Option<Auth>>| match stopping.is_cancelled() {
        true => Err(Refusal::unavailable().code()),
        false => admit(core, &socket, auth).await,
    };
    let begin = move |socket: SocketRef, TryData(auth): TryData<Option<Auth>>| {
        let protocol = auth.ok().flatten().and_then(|auth| auth.protocol);
        begin(&works, &socket, protocol != Some(2.into()));
        std::future::ready(())
    };
    io.ns("/", begin.with(admit));
    (router.layer(layer), io)
}

/// Lets a socket in that shows a valid session. The error's text is the code.
async fn admit<E>(mut core: Core, socket: &SocketRef, auth: Result<Option<Auth>, E>) -> Result<(), &'static str> {
    let shown = auth.ok().flatten().and_then(|auth| auth.token);
    let shown = shown.or_else(|| auth::token(&socket.req_parts().headers).map(ToOwned::to_owned));
    let admitted = async {
        let token = shown.ok_or_else(Refusal::unauthenticated)?;
        let me = answer(core.auth.get_me(with_token(&token, v1::GetMeRequest {})?)).await?;
        // The service token is nobody's session.
        if me.session_id.is_empty() { Err(Refusal::unauthenticated()) } else { Ok(Session { token, me }) }
    };
    match admitted.await {
        Ok(session) => {
            socket.extensions.insert(session);
            Ok(())
        }
        Err(refusal) if refusal.is(Code::InvalidArgument) => Err(Refusal::unauthenticated().code()),
        Err(refusal) => Err(refusal.code()),
    }
}

/// Registers everything before anything is awaited: what arrives earlier would be lost.
fn begin(works: &Works, socket: &SocketRef, legacy: bool) {
    let Some(session) = socket.extensions.get::<Session>() else { return };
    let (events, queue) = mpsc::channel(QUEUE.0);
    let close = CancellationToken::new();
    let mailbox = Mailbox { events, bytes: Arc::new(Semaphore::new(QUEUE.1)), close: close.clone() };
    for event in EVENTS {
        let mailbox = mailbox.clone();
        socket.on(event, move |incoming: Incoming| {
            mailbox.put(event, incoming);
            std::future::ready(())
        });
    }
    let (doubt, metrics) = (Arc::new(Notify::new()), works.metrics.clone());
    metrics.sockets.inc();
    let (feed, closed) = (works.feed.clone(), close.clone());
    socket.on_disconnect(async move |socket: SocketRef, reason: DisconnectReason| {
        closed.cancel();
        metrics.sockets.dec();
        metrics.closes.get_or_create(&CloseReason { reason: word(reason) }).inc();
        feed.disconnected(socket.id).await;
    });
    if !socket.connected() {
        // It went before anybody listened for that: the handler runs now, or did meanwhile, and never twice.
        let _ = socket.clone().disconnect();
    }
    let outlet = Outlet {
        socket: socket.clone(),
        user: session.me.user_id.clone(),
        session: session.me.session_id.clone(),
        legacy,
        close: close.clone(),
        doubt: doubt.clone(),
    };
    let worker = Worker::new(works.clone(), socket.clone(), session, close, doubt);
    works.workers.spawn(worker.run(queue, outlet));
}

fn word(reason: DisconnectReason) -> &'static str {
    match reason {
        DisconnectReason::TransportClose => "transport_close",
        DisconnectReason::MultipleHttpPollingError => "multiple_polling",
        DisconnectReason::PacketParsingError => "bad_packet",
        DisconnectReason::TransportError => "transport_error",
        DisconnectReason::HeartbeatTimeout => "heartbeat_timeout",
        DisconnectReason::ClientNSDisconnect => "client",
        DisconnectReason::ServerNSDisconnect => "server",
        DisconnectReason::ClosingServer => "stop",
    }
}

#[cfg(test)]
pub(crate) mod tests;
