//! A right server and its clients in miniature: everything takes its time, connections end, answers are lost, live
//! messages repeat, members come and go. It writes the record of its life.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use proptest::prelude::*;
use uuid::Uuid;

use crate::history::{
    Answer, Client, Entry, Event, History, Index, Message, Print, Room, RoomLog, Socket, Stored, Text,
};

/// The first one is a member of every room all the time, the last one enters later.
const CLIENTS: [&str; 4] = ["alice", "bob", "carol", "dave"];
const ROOMS: [&str; 2] = ["den", "hall"];
/// Messages of a page.
const PAGE: i64 = 3;

#[derive(Clone, Debug)]
pub(super) enum Step {
    Open { client: usize, exact: bool },
    Close(usize),
    Send { socket: usize, room: usize },
    Again { socket: usize, letter: usize },
    Contradict { socket: usize, letter: usize },
    Serve(usize, How),
    Hear(usize),
    Repeat { socket: usize, room: usize, back: i64 },
    Rejoin { socket: usize, room: usize },
    Part { socket: usize, room: usize },
    Ask { client: usize, room: usize, short: i64 },
    Answer(usize),
    HearPage(usize),
    Move { client: usize, room: usize },
}

/// How a send is served.
#[derive(Clone, Copy, Debug)]
pub(super) enum How {
    Plainly,
    /// Not at all.
    Shed,
    /// It is done, but the client is told that nobody knows.
    Unsure,
    /// It is done, but the answer to the gateway is lost, and the gateway tries again by and by.
    Half,
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (client, room, index) = (0..CLIENTS.len(), 0..ROOMS.len(), 0..64_usize);
    let how = prop_oneof![6 => Just(How::Plainly), 1 => Just(How::Shed), 1 => Just(How::Unsure), 1 => Just(How::Half)];
    let step = prop_oneof![
        4 => (client.clone(), any::<bool>()).prop_map(|(client, exact)| Step::Open { client, exact }),
        1 => index.clone().prop_map(Step::Close),
        12 => (index.clone(), room.clone()).prop_map(|(socket, room)| Step::Send { socket, room }),
        5 => (index.clone(), index.clone()).prop_map(|(socket, letter)| Step::Again { socket, letter }),
        2 => (index.clone(), index.clone()).prop_map(|(socket, letter)| Step::Contradict { socket, letter }),
        16 => (index.clone(), how).prop_map(|(socket, how)| Step::Serve(socket, how)),
        30 => index.clone().prop_map(Step::Hear),
        3 => (index.clone(), room.clone(), 0..4_i64)
            .prop_map(|(socket, room, back)| Step::Repeat { socket, room, back }),
        2 => (index.clone(), room.clone()).prop_map(|(socket, room)| Step::Rejoin { socket, room }),
        1 => (index.clone(), room.clone()).prop_map(|(socket, room)| Step::Part { socket, room }),
        5 => (client.clone(), room.clone(), -2..6_i64)
            .prop_map(|(client, room, short)| Step::Ask { client, room, short }),
        5 => index.clone().prop_map(Step::Answer),
        5 => index.prop_map(Step::HearPage),
        8 => (1..CLIENTS.len(), room).prop_map(|(client, room)| Step::Move { client, room }),
    ];
    prop::collection::vec(step, 0..160)
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Membership {
    In,
    /// Out already, but not told yet.
    Leaving,
    Out,
    /// Not in yet, but about to be.
    Entering,
}

#[derive(Debug)]
struct Connection {
    client: usize,
    exact: bool,
    open: bool,
    inbound: VecDeque<usize>,
    outbound: VecDeque<Event>,
    inside: BTreeSet<usize>,
}

/// A message as its sender knows it.
#[derive(Clone, Debug)]
struct Letter {
    client: usize,
    room: usize,
    id: Uuid,
    text: Text,
    settled: bool,
}

#[derive(Debug)]
struct Question {
    asked: Index,
    client: usize,
    room: usize,
    after: i64,
    answer: Option<Event>,
}

#[derive(Debug)]
pub(super) struct World {
    history: History,
    members: [[Membership; ROOMS.len()]; CLIENTS.len()],
    connections: Vec<Connection>,
    letters: Vec<Letter>,
    questions: Vec<Question>,
}

impl World {
    /// A whole life.
    pub(super) fn lives(steps: &[Step]) -> History {
        let mut world = Self::new();
        steps.iter().for_each(|step| world.take(step));
        world.settle();
        world.has_something_of_everything();
        world.settle();
        world.testify();
        world.history
    }

    fn new() -> Self {
        let rooms = ROOMS.map(|name| RoomLog { name: name.to_owned(), log: Vec::new() });
        let history = History { clients: CLIENTS.map(str::to_owned).into(), rooms: rooms.into(), entries: Vec::new() };
        let mut members = [[Membership::In; ROOMS.len()]; CLIENTS.len()];
        members[CLIENTS.len() - 1] = [Membership::Out; ROOMS.len()];
        Self { history, members, connections: Vec::new(), letters: Vec::new(), questions: Vec::new() }
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Open { client, exact } => drop(self.open(client, exact)),
            Step::Close(socket) => self.with_open(socket, |world, socket| {
                world.connections[socket].open = false;
                world.record(Event::Closed { socket: number(socket) });
            }),
            Step::Send { socket, room } => self.with_open(socket, |world, socket| {
                world.writes(socket, room);
            }),
            Step::Again { socket, letter } => self.with_open(socket, |world, socket| world.again(socket, letter)),
            Step::Contradict { socket, letter } => {
                self.with_open(socket, |world, socket| world.contradict(socket, letter));
            }
            Step::Serve(socket, how) => self.with_open(socket, |world, socket| world.serve(socket, how)),
            Step::Hear(socket) => self.with_open(socket, |world, socket| {
                world.hear(socket);
            }),
            Step::Repeat { socket, room, back } => {
                self.with_open(socket, |world, socket| world.repeat(socket, room, back));
            }
            Step::Rejoin { socket, room } => self.with_open(socket, |world, socket| {
                let Connection { client, exact, ref inside, .. } = world.connections[socket];
                if world.is_member(client, room) && !(exact && inside.contains(&room)) {
                    world.join(socket, room);
                }
            }),
            Step::Part { socket, room } => self.with_open(socket, |world, socket| world.part(socket, room)),
            Step::Ask { client, room, short } => drop(self.ask(client, room, short)),
            Step::Answer(question) => self.answer(question),
            Step::HearPage(question) => self.hear_page(question),
            Step::Move { client, room } => self.moves(client, room),
        }
    }

    fn record(&mut self, event: Event) -> Index {
        let entries = &mut self.history.entries;
        entries.push(Entry { at: Duration::from_millis(entries.len() as u64), event });
        entries.len() - 1
    }

    fn with_open(&mut self, any: usize, act: impl FnOnce(&mut Self, usize)) {
        let open: Vec<_> = (0..self.connections.len()).filter(|socket| self.connections[*socket].open).collect();
        if !open.is_empty() {
            act(self, open[any % open.len()]);
        }
    }

    fn is_member(&self, client: usize, room: usize) -> bool {
        matches!(self.members[client][room], Membership::In)
    }

    fn latest(&self, room: usize) -> i64 {
        self.history.rooms[room].log.len() as i64
    }

    fn open(&mut self, client: usize, exact: bool) -> usize {
        let socket = self.connections.len();
        let (inbound, outbound, inside) = (VecDeque::new(), VecDeque::new(), BTreeSet::new());
        self.connections.push(Connection { client, exact, open: true, inbound, outbound, inside });
        self.record(Event::Opened { socket: number(socket), client: Client(client as u32) });
        self.record(Event::Epoch { client: Client(client as u32), epoch: "one".to_owned() });
        for room in 0..ROOMS.len() {
            if self.is_member(client, room) {
                self.join(socket, room);
            }
        }
        socket
    }

    fn join(&mut self, socket: usize, room: usize) {
        let latest_seq = self.latest(room);
        let connection = &mut self.connections[socket];
        connection.inside.insert(room);
        let exact = connection.exact;
        connection.outbound.push_back(Event::Joined { socket: number(socket), room: place(room), latest_seq, exact });
    }

    fn part(&mut self, socket: usize, room: usize) {
        let connection = &mut self.connections[socket];
        if connection.inside.remove(&room) {
            connection.outbound.push_back(Event::Parted { socket: number(socket), room: place(room) });
        }
    }

    fn repeat(&mut self, socket: usize, room: usize, back: i64) {
        if self.connections[socket].exact || !self.connections[socket].inside.contains(&room) {
            return;
        }
        let latest = self.latest(room);
        for seq in (latest - back).max(0)..latest {
            let live = self.live(socket, room, seq as usize);
            self.connections[socket].outbound.push_back(live);
        }
    }

    fn live(&self, socket: usize, room: usize, index: usize) -> Event {
        let message = &self.history.rooms[room].log[index];
        Event::Live { socket: number(socket), room: place(room), seq: message.seq, print: message.print() }
    }

    fn writes(&mut self, socket: usize, room: usize) -> usize {
        let client = self.connections[socket].client;
        let id = self.letters.len() as u64;
        let letter = Letter { client, room, id: Uuid::from_u64_pair(1, id), text: Text(id << 32), settled: false };
        self.letters.push(letter);
        self.send(socket, self.letters.len() - 1);
        self.letters.len() - 1
    }

    fn own(&self, socket: usize) -> Vec<usize> {
        let client = self.connections[socket].client;
        (0..self.letters.len()).filter(|letter| self.letters[*letter].client == client).collect()
    }

    fn again(&mut self, socket: usize, any: usize) {
        let own = self.own(socket);
        if !own.is_empty() {
            self.send(socket, own[any % own.len()]);
        }
    }

    fn contradict(&mut self, socket: usize, any: usize) {
        let own = self.own(socket);
        if !own.is_empty() {
            let text = Text((self.letters.len() as u64) << 32);
            self.letters.push(Letter { text, settled: false, ..self.letters[own[any % own.len()]].clone() });
            self.send(socket, self.letters.len() - 1);
        }
    }

    fn send(&mut self, socket: usize, letter: usize) {
        let Letter { room, id, text, .. } = self.letters[letter];
        self.record(Event::Sent { socket: number(socket), room: place(room), client_msg_id: id, text });
        self.connections[socket].inbound.push_back(letter);
    }

    fn serve(&mut self, socket: usize, how: How) {
        let Some(&letter) = self.connections[socket].inbound.front() else { return };
        let unsure = Answer::Retry("unavailable".to_owned());
        let answer = match how {
            How::Plainly => self.store(letter),
            How::Shed => unsure,
            How::Unsure => {
                self.store(letter);
                unsure
            }
            How::Half => {
                self.store(letter);
                return;
            }
        };
        let connection = &mut self.connections[socket];
        connection.inbound.pop_front();
        let Letter { room, id, text, .. } = self.letters[letter];
        let (socket, room) = (number(socket), place(room));
        connection.outbound.push_back(Event::Answered { socket, room, client_msg_id: id, text, answer });
    }

    fn store(&mut self, letter: usize) -> Answer {
        let Letter { client, room, id, text, .. } = self.letters[letter];
        let (author, seq) = (CLIENTS[client].to_owned(), self.latest(room) + 1);
        let is_member = self.is_member(client, room);
        let log = &mut self.history.rooms[room].log;
        // Whoever left is still told what became of their messages.
        if let Some(found) = log.iter().find(|found| found.client_msg_id == id) {
            return if found.text == text {
                Answer::Duplicate(Stored { id: found.id, seq: found.seq })
            } else {
                Answer::Rejected("idempotency_conflict".to_owned())
            };
        }
        if !is_member {
            return Answer::Rejected("not_a_member".to_owned());
        }
        let stored = Stored { id: Uuid::from_u64_pair(2 + room as u64, seq as u64), seq };
        log.push(Message { seq, id: stored.id, client_msg_id: id, author, text });
        for socket in 0..self.connections.len() {
            if self.connections[socket].inside.contains(&room) {
                let live = self.live(socket, room, seq as usize - 1);
                self.connections[socket].outbound.push_back(live);
            }
        }
        Answer::Accepted(stored)
    }

    fn hear(&mut self, socket: usize) -> bool {
        let Some(event) = self.connections[socket].outbound.pop_front() else { return false };
        if let Event::Answered { client_msg_id, text, ref answer, .. } = event
            && !matches!(answer, Answer::Retry(_))
        {
            let mut letters = self.letters.iter_mut();
            letters.find(|letter| (letter.id, letter.text) == (client_msg_id, text)).unwrap().settled = true;
        }
        self.record(event);
        true
    }

    /// Asks for what follows the position that is so much short of the newest.
    fn ask(&mut self, client: usize, room: usize, short: i64) -> usize {
        let after = (self.latest(room) - short).max(0);
        let asked = self.record(Event::Asked { client: Client(client as u32), room: place(room), after_seq: after });
        self.questions.push(Question { asked, client, room, after, answer: None });
        self.questions.len() - 1
    }

    fn answer(&mut self, any: usize) {
        let open = self.questions.len().max(1);
        let Some(&Question { asked, client, room, after, answer: None }) = self.questions.get(any % open) else {
            return;
        };
        let (latest_seq, log) = (self.latest(room), &self.history.rooms[room].log);
        let answer = if !self.is_member(client, room) {
            Event::PageRefused { asked, code: "not_a_member".to_owned() }
        } else if after > latest_seq {
            Event::PageRefused { asked, code: "cursor_ahead".to_owned() }
        } else {
            let found = log.iter().filter(|message| (after + 1..=after + PAGE).contains(&message.seq));
            let messages: Vec<(i64, Print)> = found.map(|message| (message.seq, message.print())).collect();
            Event::Paged { asked, after_seq: after, messages, latest_seq, has_more: after + PAGE < latest_seq }
        };
        self.questions[any % open].answer = Some(answer);
    }

    fn hear_page(&mut self, any: usize) {
        let answered: Vec<_> = (0..self.questions.len()).filter(|of| self.questions[*of].answer.is_some()).collect();
        if !answered.is_empty() {
            let question = self.questions.remove(answered[any % answered.len()]);
            self.record(question.answer.unwrap());
        }
    }

    /// A departure is done before it is recorded, a return after it.
    fn moves(&mut self, client: usize, room: usize) {
        let (who, whence) = (Client(client as u32), place(room));
        let sockets: Vec<_> = (0..self.connections.len()).filter(|of| self.connections[*of].client == client).collect();
        self.members[client][room] = match self.members[client][room] {
            Membership::In => {
                sockets.into_iter().for_each(|socket| self.part(socket, room));
                Membership::Leaving
            }
            Membership::Leaving => {
                self.record(Event::Left { client: who, room: whence });
                Membership::Out
            }
            Membership::Out => {
                self.record(Event::Entering { client: who, room: whence });
                Membership::Entering
            }
            Membership::Entering => {
                sockets.into_iter().for_each(|socket| self.join(socket, room));
                Membership::In
            }
        };
    }

    fn moves_to(&mut self, client: usize, room: usize, goal: Membership) {
        while self.members[client][room] != goal {
            self.moves(client, room);
        }
    }

    /// Everything that was begun is finished, and everything that was said is heard.
    fn settle(&mut self) {
        for client in 0..CLIENTS.len() {
            for room in 0..ROOMS.len() {
                if matches!(self.members[client][room], Membership::Leaving | Membership::Entering) {
                    self.moves(client, room);
                }
            }
        }
        self.work();
        for letter in 0..self.letters.len() {
            if !self.letters[letter].settled {
                let socket = self.open(self.letters[letter].client, false);
                self.send(socket, letter);
                self.work();
            }
        }
        while !self.questions.is_empty() {
            self.answer(0);
            self.hear_page(0);
        }
    }

    /// All connections are served, and heard.
    fn work(&mut self) {
        for socket in (0..self.connections.len()).filter(|of| self.connections[*of].open).collect::<Vec<_>>() {
            while !self.connections[socket].inbound.is_empty() {
                self.serve(socket, How::Plainly);
            }
        }
        for socket in (0..self.connections.len()).filter(|of| self.connections[*of].open).collect::<Vec<_>>() {
            while self.hear(socket) {}
        }
    }

    /// So that each damage finds something to damage.
    fn has_something_of_everything(&mut self) {
        // Who never enters and never leaves counts as a member.
        (0..ROOMS.len()).for_each(|room| self.moves_to(3, room, Membership::In));
        self.moves_to(1, 0, Membership::Out);
        self.moves_to(1, 0, Membership::In);
        self.moves_to(2, 0, Membership::In);
        self.moves_to(2, 0, Membership::Out);
        let [alice, _, carol] = [(0, false), (1, true), (2, false)].map(|(client, exact)| self.open(client, exact));
        self.work();
        let first = self.writes(alice, 0);
        for _ in 0..4 {
            self.writes(alice, 0);
        }
        self.writes(carol, 0);
        self.work();
        self.send(alice, first);
        self.contradict(alice, 0);
        self.work();
        for short in [9, 5, 1, 0, -4] {
            self.ask(0, 0, short);
        }
        self.ask(2, 0, 1);
    }

    fn testify(&mut self) {
        for socket in 0..self.connections.len() {
            if self.connections[socket].open {
                self.record(Event::StillOpen { socket: number(socket) });
            }
        }
        for client in 0..CLIENTS.len() {
            for room in (0..ROOMS.len()).filter(|room| self.is_member(client, *room)).collect::<Vec<_>>() {
                let messages = self.history.rooms[room].log.iter().map(Message::print).collect();
                self.record(Event::View { client: Client(client as u32), room: place(room), messages });
            }
        }
    }
}

fn number(socket: usize) -> Socket {
    Socket(socket as u32)
}

fn place(room: usize) -> Room {
    Room(room as u32)
}
