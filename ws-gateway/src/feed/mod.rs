//! What happens in rooms and to users, from the core to the sockets: one stream of events for the whole gateway.
//!
//! [`state`] decides, without any I/O; the actor here owns it, the stream and the sockets, and carries out what it
//! says. A room's message is encoded once and handed to each socket on its own, because the fate of each must be known:
//! whoever's buffer is full is disconnected, comes back and resyncs. Nothing is dropped on a live socket.

mod departures;
mod joins;
mod state;
mod stream;
mod typists;
mod view;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chat_process::Shutdown;
use chat_proto::v1;
use chat_sabotage::{Fault, planted, strikes};
use serde::Serialize;
use serde_json::value::RawValue;
use socketioxide::extract::SocketRef;
use socketioxide::socket::Sid;
use socketioxide::{SendError, SocketError};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::core::Core;
use crate::metrics::Metrics;
use crate::token::Token;
use crate::wire;
use departures::Departures;
use joins::{Asker, Joins};
use state::{Output, State, Told};
use stream::Subscription;

/// Commands that wait for the feed at most; beyond, whoever commands waits.
const INBOX: usize = 1_024;

/// How often watches that failed are tried again, and those who fell silent are taken to write no more.
const TICK: Duration = Duration::from_secs(1);

/// How long a departure is waited for: a word from the core, that is on its way.
const DEPARTURE: Duration = Duration::from_millis(500);

/// The way in. Clones are the same one.
#[derive(Clone, Debug)]
pub(crate) struct Feed {
    inbox: mpsc::Sender<Command>,
}

/// A socket, as the feed needs it.
#[derive(Debug)]
pub(crate) struct Outlet {
    pub(crate) socket: SocketRef,
    pub(crate) user: String,
    pub(crate) session: String,
    /// Whether it also gets messages as the event `message`.
    pub(crate) legacy: bool,
    /// Closes the socket.
    pub(crate) close: CancellationToken,
    /// Asks whether the session still holds.
    pub(crate) doubt: Arc<Notify>,
}

#[derive(Debug)]
enum Command {
    Connected(Outlet),
    Disconnected(Sid),
    Join(Sid, String, Asker),
    Leave(Sid, String),
    Departed(String, String, oneshot::Sender<()>),
}

impl Feed {
    /// Starts the actor; it ends with `stopped`. `up` says whether the stream from the core is open.
    pub(crate) fn start(
        core: Core,
        token: Token,
        metrics: Arc<Metrics>,
        up: watch::Sender<bool>,
        stopped: CancellationToken,
        shutdown: &Shutdown,
    ) -> Self {
        let (inbox, commands) = mpsc::channel(INBOX);
        let mut actor = Actor {
            state: State::default(),
            outlets: HashMap::new(),
            joins: Joins::default(),
            departures: Departures::default(),
            subscription: Subscription::new(core, token),
            metrics,
            up,
            held_back: None,
        };
        shutdown.spawn_essential("feed", async move {
            stopped.run_until_cancelled(actor.run(commands)).await;
        });
        Self { inbox }
    }

    /// From now on the socket hears of its rooms and its user.
    pub(crate) async fn connected(&self, outlet: Outlet) {
        self.command(Command::Connected(outlet)).await;
    }

    /// The socket is gone.
    pub(crate) async fn disconnected(&self, socket: Sid) {
        self.command(Command::Disconnected(socket)).await;
    }

    /// Lets a socket hear of a room that it was found to be allowed to. Completes when it does; never, where its user
    /// leaves the room in the meantime.
    pub(crate) async fn join(&self, socket: Sid, room: String) -> Option<wire::RoomJoined> {
        let (answer, joined) = oneshot::channel();
        self.command(Command::Join(socket, room, answer)).await;
        joined.await.ok()
    }

    /// The socket hears of a room no more.
    pub(crate) async fn leave(&self, socket: Sid, room: String) {
        self.command(Command::Leave(socket, room)).await;
    }

    /// Completes when a user, who is no member of a room any more, hears no more of it here; after a moment at the latest.
    pub(crate) async fn departed(&self, room: String, user: String) {
        let (waits, out) = oneshot::channel();
        self.command(Command::Departed(room, user, waits)).await;
        if timeout(DEPARTURE, out).await.is_err() {
            tracing::debug!("a departure is not known here yet");
        }
    }

    async fn command(&self, command: Command) {
        // Where the feed is gone the process is stopping.
        let _ = self.inbox.send(command).await;
    }
}

struct Actor {
    state: State,
    outlets: HashMap<Sid, Outlet>,
    joins: Joins,
    departures: Departures,
    subscription: Subscription,
    metrics: Arc<Metrics>,
    up: watch::Sender<bool>,
    /// A message that [`Fault::SwapDeliveries`] hands on after the next one of its room.
    held_back: Option<v1::Message>,
}

impl Actor {
    async fn run(&mut self, mut commands: mpsc::Receiver<Command>) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                news = self.subscription.next() => self.hear(news).await,
                command = commands.recv() => match command {
                    Some(command) => self.obey(command),
                    None => return,
                },
                _ = ticks.tick() => self.state.tick(),
            }
            self.carry_out();
            self.departures.answer(|room, user| self.state.hears(room, user));
        }
    }

    async fn hear(&mut self, news: stream::News) {
        match news {
            stream::News::Opened => {
                self.metrics.feed_connects.inc();
                self.set_up(true);
                self.state.opened();
            }
            stream::News::Closed => {
                self.set_up(false);
                self.state.closed();
            }
            stream::News::Event(event) => {
                self.state.hear(event);
                self.carry_out();
                // The sockets' own tasks get a turn to send what they were handed.
                tokio::task::yield_now().await;
            }
        }
    }

    fn set_up(&self, up: bool) {
        self.metrics.feed_up.set(i64::from(up));
        self.up.send_replace(up);
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Connected(outlet) => {
                // It may have gone before it came.
                if !outlet.close.is_cancelled() {
                    self.state.connected(outlet.socket.id, &outlet.user, &outlet.session);
                    self.outlets.insert(outlet.socket.id, outlet);
                }
            }
            Command::Disconnected(socket) => self.forget(socket),
            Command::Join(socket, room, answer) => {
                if self.outlets.contains_key(&socket) {
                    self.joins.push(socket, room.clone(), answer);
                    self.state.join(socket, &room);
                }
            }
            Command::Leave(socket, room) => self.state.leave(socket, &room),
            Command::Departed(room, user, waits) => self.departures.push(room, user, waits),
        }
    }

    fn forget(&mut self, socket: Sid) {
        self.outlets.remove(&socket);
        self.joins.forget(socket);
        self.state.disconnected(socket);
    }

    fn carry_out(&mut self) {
        while let Some(output) = self.state.next_output() {
            match output {
                Output::Wish(wish) => self.subscription.wish(wish),
                Output::Tell(sockets, told) => self.tell(&sockets, told),
                Output::Close(socket) => {
                    if let Some(outlet) = self.outlets.get(&socket) {
                        outlet.close.cancel();
                    }
                }
                Output::Doubt(socket) => {
                    if let Some(outlet) = self.outlets.get(&socket) {
                        outlet.doubt.notify_one();
                    }
                }
            }
        }
        if !self.state.is_open() {
            self.subscription.forget_wishes();
        }
    }

    fn tell(&mut self, sockets: &[Sid], told: Told) {
        match told {
            Told::Message(message) => self.deliver(sockets, message),
            Told::Joined(joined) => {
                self.emit(sockets, "room_joined", &joined);
                for socket in sockets {
                    self.joins.answer(*socket, &joined);
                }
            }
            Told::Removed(room_id) => self.emit(sockets, "room_removed", &wire::RoomName { room_id }),
            Told::Added(room) => self.emit(sockets, "room_added", &wire::RoomAdded { room: room.into() }),
            Told::MemberJoined(member) => self.emit(sockets, "member_joined", &member),
            Told::MemberLeft(member) => self.emit(sockets, "member_left", &member),
            Told::Invited(invite) => self.emit(sockets, "invite_alarm", &wire::InviteAlarm::from(invite)),
            Told::FriendRequest(request) => {
                let pending = request.status() == v1::FriendRequestStatus::Pending;
                let event = if pending { "friend_request_new" } else { "friend_request_updated" };
                self.emit(sockets, event, &wire::FriendRequestEvent::from(request));
            }
            Told::Typing(typing) => self.emit(sockets, "typing", &typing),
            Told::ReadState(state) => self.emit(sockets, "read_state", &state),
            Told::Presence(presence) => self.emit(sockets, "presence", &presence),
            Told::OnlineUsers(users) => self.emit(sockets, "online_users", &users),
        }
    }

    fn deliver(&mut self, sockets: &[Sid], message: v1::Message) {
        if self.held_back.is_none() && strikes(Fault::SwapDeliveries, 20) {
            self.held_back = Some(message);
            return;
        }
        let held_back = self.held_back.take_if(|held| held.room_id == message.room_id);
        self.hand_on(sockets, message);
        if let Some(message) = held_back {
            self.hand_on(sockets, message);
        }
    }

    fn hand_on(&mut self, sockets: &[Sid], message: v1::Message) {
        let Some(payload) = encode(&wire::Message::from(message)) else { return };
        for socket in sockets {
            self.emit_raw(*socket, "message_new", &payload);
            if self.outlets.get(socket).is_some_and(|outlet| outlet.legacy) {
                self.emit_raw(*socket, "message", &payload);
            }
            self.metrics.deliveries.inc();
        }
    }

    fn emit(&mut self, sockets: &[Sid], event: &str, payload: &impl Serialize) {
        let Some(payload) = encode(payload) else { return };
        for socket in sockets {
            self.emit_raw(*socket, event, &payload);
        }
    }

    fn emit_raw(&mut self, socket: Sid, event: &str, payload: &RawValue) {
        let Some(outlet) = self.outlets.get(&socket) else { return };
        match outlet.socket.emit(event, payload) {
            Err(SendError::Socket(SocketError::InternalChannelFull)) => {
                if planted(Fault::DropWhenFull) {
                    return;
                }
                tracing::info!(%socket, user = outlet.user, "a slow consumer is disconnected");
                self.metrics.slow_consumers.inc();
            }
            // Its end is on its way here, or was never told.
            Err(SendError::Socket(SocketError::Closed)) => {}
            Ok(()) | Err(_) => return,
        }
        outlet.close.cancel();
        self.forget(socket);
    }
}

fn encode(payload: &impl Serialize) -> Option<Box<RawValue>> {
    let encoded = serde_json::value::to_raw_value(payload);
    encoded.inspect_err(|error| tracing::error!(%error, "an event could not be encoded")).ok()
}

#[cfg(test)]
mod tests;
