//! A client that behaves as the contract tells clients to: an outbox that keeps what has no answer, a copy of each
//! room that is complete up to a point, a resync where something is missing. And one that behaves badly on purpose:
//! it sends in bursts and twice over two connections, hangs up, stops reading, leaves rooms and comes back.

mod deeds;
mod outbox;
mod timeline;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use fastrand::Rng;
use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::history::{Answer, Event, Room, Socket};
use crate::link::{Heard, Link, News, Opener, Page, PageAnswer, Surface};
use crate::rest::Person;
use deeds::Recent;
use outbox::{Letter, Outbox};
use timeline::Timeline;

/// How often a client looks what there is to do.
const TICK: Duration = Duration::from_millis(20);

/// Messages of a resync's page.
const PAGE: u32 = 100;

/// How long nothing may be answered while what was begun is finished. A client notices within 12 s that a connection
/// has died, sends again after 8, and a gateway answers within 5.
const REST: Duration = Duration::from_secs(26);

/// How long nothing new may come while the last messages are waited for. A connection that has died unnoticed is
/// given up sooner.
const LAST_WORDS: Duration = Duration::from_secs(14);

/// What a run is doing, as its clients see it.
#[derive(Clone, Debug)]
pub(crate) enum Phase {
    /// Clients do their worst.
    Storm,
    /// Clients finish what they have begun.
    Calm,
    /// The rooms are known to be so long; clients complete their copies and say what they have.
    End(Arc<HashMap<Room, i64>>),
}

/// Who a client is, and how it behaves.
pub(crate) struct Setup {
    pub(crate) opener: Opener,
    pub(crate) heard: mpsc::Receiver<Heard>,
    pub(crate) surface: Surface,
    /// Where it connects: one of these at a time.
    pub(crate) places: Arc<[String]>,
    pub(crate) person: Person,
    /// Who invites it again.
    pub(crate) host: Person,
    /// The rooms that it is a member of.
    pub(crate) rooms: Vec<Room>,
    pub(crate) rng: Rng,
    /// The mean pause between two deeds.
    pub(crate) pace: Duration,
}

/// The client.
pub(crate) struct Actor {
    setup: Setup,
    main: Option<Link>,
    side: Option<Link>,
    /// Attempts to connect in a row that failed.
    failures: u32,
    /// Not to connect before.
    back_at: Instant,
    opening: bool,
    outbox: Outbox,
    recent: Recent,
    timelines: BTreeMap<Room, Timeline>,
    /// Rooms whose pages are being read.
    syncing: HashSet<Room>,
    /// Rooms that it is leaving, or out of.
    away: HashSet<Room>,
    /// How often it came back.
    returns: u32,
    /// Up to where each connection was told of each room.
    told: HashMap<(Socket, Room), i64>,
    doings: FuturesUnordered<BoxFuture<'static, Done>>,
    next_deed: Instant,
    storming: bool,
    /// When something new was last heard.
    progress: Instant,
}

/// Something that was begun is done.
enum Done {
    /// A connection, begun when it had come back into rooms so many times.
    Opened {
        side: bool,
        returns: u32,
        link: Result<Link>,
    },
    Read {
        room: Room,
        answer: Result<PageAnswer>,
    },
    /// A question whose answer only the record needs.
    Asked,
    Returned(Room, Result<()>),
    Refreshed(Socket),
}

impl Actor {
    pub(crate) fn new(setup: Setup) -> Self {
        let timelines = setup.rooms.iter().map(|room| (*room, Timeline::default())).collect();
        Self {
            setup,
            main: None,
            side: None,
            failures: 0,
            back_at: Instant::now(),
            opening: false,
            outbox: Outbox::default(),
            recent: Recent::default(),
            timelines,
            syncing: HashSet::new(),
            away: HashSet::new(),
            returns: 0,
            told: HashMap::new(),
            doings: FuturesUnordered::new(),
            next_deed: Instant::now(),
            storming: true,
            progress: Instant::now(),
        }
    }

    /// Lives through all phases. `calm` is counted up when everything it began is finished.
    ///
    /// Errors: the service answered what it must not, such as that it cannot come back into a room.
    pub(crate) async fn run(mut self, mut phase: watch::Receiver<Phase>, calm: mpsc::Sender<()>) -> Result<()> {
        while matches!(*phase.borrow(), Phase::Storm) {
            self.step(&mut phase).await?;
        }
        self.storming = false;
        self.open_links().for_each(|link| link.read(true));
        self.progress = Instant::now();
        while !self.is_calm() && self.progress.elapsed() < REST {
            self.step(&mut phase).await?;
        }
        self.give_up();
        calm.send(()).await.context("the run is over")?;
        drop(calm);
        let lengths = loop {
            if let Phase::End(lengths) = &*phase.borrow() {
                break lengths.clone();
            }
            self.step(&mut phase).await?;
        };
        for (room, timeline) in &mut self.timelines {
            timeline.extends_to(lengths.get(room).copied().unwrap_or_default());
        }
        self.progress = Instant::now();
        while !self.is_complete(&lengths) && self.progress.elapsed() < LAST_WORDS {
            self.step(&mut phase).await?;
        }
        self.testify();
        Ok(())
    }

    /// Waits for one thing to happen, and does what follows from it.
    async fn step(&mut self, phase: &mut watch::Receiver<Phase>) -> Result<()> {
        tokio::select! {
            heard = self.setup.heard.recv() => self.hear(heard.context("no connection can speak any more")?),
            Some(done) = self.doings.next() => self.conclude(done)?,
            () = sleep(TICK) => {}
            changed = phase.changed() => changed.context("the run is over")?,
        }
        self.connect();
        if self.storming && Instant::now() >= self.next_deed {
            self.do_something();
            let mean = self.setup.pace.as_secs_f64();
            self.next_deed = Instant::now() + Duration::from_secs_f64(mean * -self.setup.rng.f64().max(1e-9).ln());
        }
        if let Some(link) = &self.main {
            self.outbox.send(link);
        }
        self.resync();
        Ok(())
    }

    /// Opens the connection that it lacks.
    fn connect(&mut self) {
        if self.main.is_some() || self.opening || Instant::now() < self.back_at {
            return;
        }
        self.opening = true;
        self.open(false);
    }

    fn open(&mut self, side: bool) {
        let place = self.setup.rng.choice(self.setup.places.iter()).cloned().unwrap_or_default();
        let (opener, surface) = (self.setup.opener.clone(), self.setup.surface);
        let here = self.timelines.iter().filter(|(room, _)| !self.away.contains(room));
        let positions: Vec<_> = here.map(|(room, timeline)| (*room, timeline.position())).collect();
        let returns = self.returns;
        self.begin(async move {
            let link = Link::open(&opener, surface, &place, &positions).await;
            Done::Opened { side, returns, link }
        });
    }

    fn begin(&self, doing: impl Future<Output = Done> + Send + 'static) {
        self.doings.push(Box::pin(doing));
    }

    fn conclude(&mut self, done: Done) -> Result<()> {
        match done {
            // Over gRPC a client names the rooms that it follows, and one of them is missing here.
            Done::Opened { side, returns, .. } if self.setup.surface == Surface::Grpc && returns != self.returns => {
                self.opening &= side;
            }
            Done::Opened { side: true, link, .. } => self.side = link.ok(),
            Done::Opened { side: false, link, .. } => {
                self.opening = false;
                match link {
                    Ok(link) => {
                        self.failures = 0;
                        self.main = Some(link);
                    }
                    Err(_) => self.back_off(),
                }
            }
            Done::Read { room, answer } => self.read(room, answer),
            Done::Asked => {}
            Done::Returned(room, returned) => {
                returned?;
                self.away.remove(&room);
                self.returns += 1;
                if self.setup.surface == Surface::Grpc {
                    // Its watch of the room ended with the membership.
                    self.hang_up();
                }
            }
            Done::Refreshed(socket) => {
                for link in [&self.main, &self.side].into_iter().flatten().filter(|link| link.socket == socket) {
                    link.read(true);
                }
            }
        }
        Ok(())
    }

    /// Full jitter, doubling up to a second.
    fn back_off(&mut self) {
        self.failures += 1;
        let most = 50_u64 << self.failures.min(4);
        self.back_at = Instant::now() + Duration::from_millis(self.setup.rng.u64(0..most));
    }

    /// Closes all connections, without a word.
    fn hang_up(&mut self) {
        for link in [self.main.take(), self.side.take()].into_iter().flatten() {
            self.outbox.lost(link.socket);
        }
    }

    fn hear(&mut self, Heard { socket, news }: Heard) {
        match news {
            News::Joined { room, latest_seq } => {
                self.tell(socket, room, latest_seq);
                self.timeline(room).extends_to(latest_seq);
            }
            News::Live { room, seq, print } => {
                self.tell(socket, room, seq);
                self.timeline(room).learn(seq, print);
            }
            News::Answered { room, client_msg_id, answer, retry_after } => {
                self.answered(room, client_msg_id, &answer, retry_after);
            }
            // To be dropped and read again. Followed from there once more, it would be refused for ever.
            News::Ahead { room } => *self.timeline(room) = Timeline::default(),
            News::Draining(pause) => self.back_at = Instant::now() + pause,
            News::Closed => self.closed(socket),
        }
    }

    /// A connection was told of a room up to a position.
    fn tell(&mut self, socket: Socket, room: Room, seq: i64) {
        let told = self.told.entry((socket, room)).or_insert(-1);
        if seq > *told {
            *told = seq;
            self.progress = Instant::now();
        }
    }

    fn closed(&mut self, socket: Socket) {
        self.outbox.lost(socket);
        self.told.retain(|(on, _), _| *on != socket);
        if self.main.take_if(|link| link.socket == socket).is_some() {
            self.back_off();
        }
        self.side.take_if(|link| link.socket == socket);
    }

    fn answered(&mut self, room: Room, id: Uuid, answer: &Answer, retry_after: Option<Duration>) {
        match answer {
            Answer::Accepted(stored) | Answer::Duplicate(stored) => {
                if let Some(letter) = self.outbox.settle(room, id) {
                    self.recent.keep(letter);
                    self.progress = Instant::now();
                }
                self.read_back(room, stored.seq);
            }
            Answer::Rejected(_) => {
                self.outbox.settle(room, id);
            }
            Answer::Retry(_) => {
                let pause = retry_after.unwrap_or(Duration::from_millis(self.setup.rng.u64(0..400)));
                self.outbox.postpone(room, id, pause);
            }
        }
    }

    fn timeline(&mut self, room: Room) -> &mut Timeline {
        self.timelines.entry(room).or_default()
    }

    /// Reads what is missing, one page of a room at a time.
    fn resync(&mut self) {
        let Some(link) = &self.main else { return };
        let missing = self.timelines.iter().filter(|(room, timeline)| {
            timeline.has_hole() && !self.syncing.contains(room) && !self.away.contains(room)
        });
        let missing: Vec<_> = missing.map(|(room, timeline)| (*room, timeline.position())).collect();
        for (room, after) in missing {
            self.syncing.insert(room);
            let page = link.page(room, after, PAGE);
            self.doings.push(Box::pin(async move { Done::Read { room, answer: page.await } }));
        }
    }

    fn read(&mut self, room: Room, answer: Result<PageAnswer>) {
        self.syncing.remove(&room);
        if let Ok(Ok(Page { messages, latest_seq, .. })) = answer {
            let timeline = self.timeline(room);
            timeline.extends_to(latest_seq);
            messages.into_iter().for_each(|(seq, print)| timeline.learn(seq, print));
        }
    }

    /// Whether everything that was begun is finished.
    fn is_calm(&self) -> bool {
        self.outbox.len() == 0 && self.away.is_empty()
    }

    /// Whether everything was read, and every open connection was told everything.
    fn is_complete(&self, lengths: &HashMap<Room, i64>) -> bool {
        let whole = self.timelines.values().all(|timeline| !timeline.has_hole());
        whole
            && self.main.is_some()
            && self.open_links().all(|link| {
                let told = |room| self.told.get(&(link.socket, room)).copied();
                self.setup.rooms.iter().all(|room| told(*room) == lengths.get(room).copied())
            })
    }

    fn open_links(&self) -> impl Iterator<Item = &Link> {
        [&self.main, &self.side].into_iter().flatten()
    }

    /// What nobody answered by now nobody will.
    fn give_up(&self) {
        let client = self.setup.opener.client;
        for letter in self.outbox.letters() {
            self.record(Event::Unanswered { client, room: letter.room, client_msg_id: letter.id });
        }
    }

    /// Says what it has, and which connections are open.
    fn testify(&self) {
        let client = self.setup.opener.client;
        for link in self.open_links() {
            self.record(Event::StillOpen { socket: link.socket });
        }
        for room in self.setup.rooms.iter().filter(|room| !self.away.contains(room)) {
            let messages = self.timelines.get(room).map(|timeline| timeline.whole().to_vec()).unwrap_or_default();
            self.record(Event::View { client, room: *room, messages });
        }
    }

    fn record(&self, event: Event) {
        self.setup.opener.recorder.record(event);
    }
}
