//! One connection of a client, over any of the three surfaces. Whatever is written to it or comes out of it is recorded
//! here, in its order; what it means is the client's business.
//!
//! Written for this purpose, because a checker has to see each packet in the order in which it came, must be able to
//! stop reading, and gives each connection a number: what client libraries are made to hide.

mod grpc;
mod packets;
mod polling;
mod socketio;
mod websocket;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::history::{Answer, Client, Event, Index, Print, Room, Socket, Text};
use crate::recorder::Recorder;
use crate::wire;
use grpc::Sending;

/// Sends and questions that wait to be written at most.
const WISHES: usize = 1_024;

/// How long it may take until a connection is let in.
const OPENING: Duration = Duration::from_secs(6);

/// A connection on which nothing at all comes for so long is given up: the server asks more often than that whether
/// its clients still live.
const SILENCE: Duration = Duration::from_secs(12);

/// How a client talks to the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Surface {
    /// Socket.IO over WebSocket.
    Websocket,
    /// Socket.IO over HTTP long-polling.
    Polling,
    /// gRPC: SendMessages and Subscribe.
    Grpc,
    /// gRPC: a call of SendMessage for each send, and Subscribe.
    GrpcUnary,
}

/// The names of a run's rooms.
#[derive(Debug, Default)]
pub struct Names {
    /// By number.
    pub rooms: Vec<String>,
    numbers: HashMap<String, Room>,
}

/// What it takes to open connections for one client.
#[derive(Clone, Debug)]
pub struct Opener {
    /// Where everything is recorded.
    pub recorder: Arc<Recorder>,
    /// The rooms.
    pub names: Arc<Names>,
    /// Whose connections these are.
    pub client: Client,
    /// Its session.
    pub token: String,
    /// Where what its connections hear goes.
    pub heard: mpsc::Sender<Heard>,
}

/// An open connection. Dropped, it is gone without a word.
#[derive(Debug)]
pub struct Link {
    /// Its number.
    pub socket: Socket,
    recorder: Arc<Recorder>,
    wishes: mpsc::Sender<Wish>,
    reading: watch::Sender<bool>,
    close: CancellationToken,
}

/// What a connection heard.
#[derive(Debug)]
pub struct Heard {
    /// Which.
    pub socket: Socket,
    /// What.
    pub news: News,
}

/// News of a connection, already recorded.
#[derive(Debug)]
pub enum News {
    /// Everything beyond `latest_seq` comes live.
    Joined {
        /// The room.
        room: Room,
        /// What is to be read.
        latest_seq: i64,
    },
    /// A message.
    Live {
        /// The room.
        room: Room,
        /// Its position.
        seq: i64,
        /// What it is.
        print: Print,
    },
    /// What became of a send.
    Answered {
        /// The room.
        room: Room,
        /// The message.
        client_msg_id: Uuid,
        /// The answer.
        answer: Answer,
        /// How long the server wants to be left alone.
        retry_after: Option<Duration>,
    },
    /// The client knows more of a room than there is.
    Ahead {
        /// The room.
        room: Room,
    },
    /// The server is about to close the connection, and says when to come back.
    Draining(Duration),
    /// It is gone.
    Closed,
}

/// A page, or the code with which it was refused.
pub type PageAnswer = Result<Page, String>;

/// A page, already recorded.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its messages.
    pub messages: Vec<(i64, Print)>,
    /// The room's newest position.
    pub latest_seq: i64,
    /// Whether newer ones exist.
    pub has_more: bool,
}

/// What a client wants of its connection.
#[derive(Debug)]
enum Wish {
    Send { room: Room, client_msg_id: Uuid, text: Arc<str> },
    Page { room: Room, after_seq: i64, limit: u32, answer: oneshot::Sender<PageAnswer> },
}

/// The connection's own half: what it records and passes on.
#[derive(Debug)]
struct Ear {
    opener: Opener,
    socket: Socket,
    /// The texts of the tries that have no answer yet. The sends into one room are answered in order.
    tries: HashMap<(Room, Uuid), VecDeque<Text>>,
}

/// What a session loop is given.
struct Session {
    ear: Ear,
    wishes: mpsc::Receiver<Wish>,
    reading: watch::Receiver<bool>,
    close: CancellationToken,
}

impl Names {
    /// Numbers the rooms in their order.
    #[must_use]
    pub fn new(rooms: Vec<String>) -> Self {
        let numbers = rooms.iter().zip(0..).map(|(name, number)| (name.clone(), Room(number))).collect();
        Self { rooms, numbers }
    }

    /// A room's number, if it is one of the run's.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<Room> {
        self.numbers.get(name).copied()
    }

    /// A room's name.
    #[must_use]
    pub fn name(&self, room: Room) -> &str {
        self.rooms.get(room.0 as usize).map_or("", String::as_str)
    }
}

impl Link {
    /// Connects to `address`, an URL of a gateway or, for gRPC, of a core. Over gRPC the rooms are followed from the
    /// positions given; the gateway knows by itself which rooms a user is in.
    ///
    /// Errors: it is not let in, or not in time.
    pub async fn open(opener: &Opener, surface: Surface, address: &str, positions: &[(Room, i64)]) -> Result<Self> {
        let opened = async {
            match surface {
                Surface::Grpc => grpc::open(opener, address, positions, Sending::Stream).await,
                Surface::GrpcUnary => grpc::open(opener, address, positions, Sending::Calls).await,
                Surface::Websocket => socketio::open(opener, websocket::connect(address).await?).await,
                Surface::Polling => socketio::open(opener, polling::connect(address).await?).await,
            }
        };
        tokio::time::timeout(OPENING, opened).await.context("not let in in time")?
    }

    /// Writes a send, and records it first. Says whether there was room for it.
    pub fn send(&self, room: Room, client_msg_id: Uuid, text: Arc<str>) -> bool {
        let Ok(permit) = self.wishes.try_reserve() else { return false };
        let digest = Text::of(&text);
        self.recorder.record(Event::Sent { socket: self.socket, room, client_msg_id, text: digest });
        permit.send(Wish::Send { room, client_msg_id, text });
        true
    }

    /// Asks for a page. Errors: the connection ended first, or is stuck.
    pub fn page(&self, room: Room, after_seq: i64, limit: u32) -> impl Future<Output = Result<PageAnswer>> + use<> {
        let (answer, answered) = oneshot::channel();
        let asked = self.wishes.try_send(Wish::Page { room, after_seq, limit, answer });
        async move {
            asked.ok().context("no room for a question")?;
            let answered = tokio::time::timeout(SILENCE, answered).await;
            answered.context("no page in time")?.context("the connection ended")
        }
    }

    /// Stops or goes on taking what the server says.
    pub fn read(&self, reading: bool) {
        self.reading.send_replace(reading);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.close.cancel();
    }
}

/// The two halves of a new connection, recorded as open.
fn halves(opener: &Opener) -> (Link, Session) {
    let socket = opener.recorder.next_socket();
    let (wishes, wished) = mpsc::channel(WISHES);
    let (reading, reads) = watch::channel(true);
    let close = CancellationToken::new();
    opener.recorder.record(Event::Opened { socket, client: opener.client });
    let ear = Ear { opener: opener.clone(), socket, tries: HashMap::new() };
    let link = Link { socket, recorder: opener.recorder.clone(), wishes, reading, close: close.clone() };
    (link, Session { ear, wishes: wished, reading: reads, close })
}

impl Ear {
    fn recorder(&self) -> &Recorder {
        &self.opener.recorder
    }

    fn name(&self, room: Room) -> &str {
        self.opener.names.name(room)
    }

    async fn tell(&self, news: News) {
        // A client that is gone needs no news.
        let _ = self.opener.heard.send(Heard { socket: self.socket, news }).await;
    }

    /// A send is about to go out.
    fn sending(&mut self, room: Room, client_msg_id: Uuid, text: &str) {
        self.tries.entry((room, client_msg_id)).or_default().push_back(Text::of(text));
    }

    async fn answered(&mut self, room: &str, client_msg_id: Uuid, answer: Answer, retry_after: Option<Duration>) {
        let Some(room) = self.opener.names.number(room) else { return };
        let Some(text) = self.tries.get_mut(&(room, client_msg_id)).and_then(VecDeque::pop_front) else { return };
        let (socket, told) = (self.socket, answer.clone());
        self.recorder().record(Event::Answered { socket, room, client_msg_id, text, answer });
        self.tell(News::Answered { room, client_msg_id, answer: told, retry_after }).await;
    }

    async fn joined(&self, room: Room, latest_seq: i64, exact: bool) {
        self.recorder().record(Event::Joined { socket: self.socket, room, latest_seq, exact });
        self.tell(News::Joined { room, latest_seq }).await;
    }

    fn parted(&self, room: Room) {
        self.recorder().record(Event::Parted { socket: self.socket, room });
    }

    async fn live(&self, room: &str, seq: i64, print: Print) {
        let Some(room) = self.opener.names.number(room) else { return };
        self.recorder().record(Event::Live { socket: self.socket, room, seq, print });
        self.tell(News::Live { room, seq, print }).await;
    }

    fn epoch(&self, epoch: &str) {
        self.recorder().epoch(self.opener.client, epoch);
    }

    fn asking(&self, room: Room, after_seq: i64) -> Index {
        self.recorder().record(Event::Asked { client: self.opener.client, room, after_seq })
    }

    /// The connection ended. What the network did is no news; an answer that broke the contract is.
    async fn closed(&self, ended: Result<()>) {
        if let Some(violation) = ended.err().and_then(|error| error.downcast::<wire::Violation>().ok()) {
            self.recorder().violation(violation.to_string());
        }
        self.recorder().record(Event::Closed { socket: self.socket });
        self.tell(News::Closed).await;
    }
}

/// A page came.
fn paged(recorder: &Recorder, asked: Index, after_seq: i64, page: Page) -> Page {
    let Page { messages, latest_seq, has_more } = page.clone();
    recorder.record(Event::Paged { asked, after_seq, messages, latest_seq, has_more });
    page
}

/// A page was refused. A refusal that only asks for patience is not recorded.
fn page_refused(recorder: &Recorder, asked: Index, code: &str) {
    if !is_passing(code) {
        recorder.record(Event::PageRefused { asked, code: code.to_owned() });
    }
}

/// Codes that ask to come back later.
pub(crate) fn is_passing(code: &str) -> bool {
    matches!(code, "unavailable" | "rate_limited")
}
