//! The record and the logs, made ready to be looked things up in.

use std::collections::{HashMap, HashSet, VecDeque};

use uuid::Uuid;

use crate::history::{Answer, Client, Event, History, Index, Message, Print, Room, Socket, Text};

/// A message as its sender knows it.
pub(super) type Key = (Room, Client, Uuid);

/// Everything that more than one rule needs.
pub(super) struct Facts<'a> {
    pub(super) history: &'a History,
    logs: Vec<Log<'a>>,
    nothing: Log<'a>,
    owners: HashMap<Socket, Owner>,
    clients: HashMap<&'a str, Client>,
    spells: HashMap<(Client, Room), Vec<Absence>>,
    /// In the order of sending.
    pub(super) tries: Vec<Try<'a>>,
    /// In the order of hearing.
    pub(super) replies: Vec<Reply<'a>>,
    /// What was sent over a connection of which nobody knows whose it is.
    pub(super) strangers: HashSet<(Room, Uuid)>,
    first_sent: HashMap<(Room, Uuid, Text), Index>,
}

/// Whose a connection is.
#[derive(Clone, Copy)]
pub(super) struct Owner {
    pub(super) client: Client,
    pub(super) opened: Index,
}

/// A send.
pub(super) struct Try<'a> {
    pub(super) entry: Index,
    pub(super) socket: Socket,
    pub(super) room: Room,
    pub(super) id: Uuid,
    pub(super) text: Text,
    pub(super) owner: Option<Owner>,
    pub(super) answer: Option<(Index, &'a Answer)>,
}

/// An answer.
pub(super) struct Reply<'a> {
    pub(super) entry: Index,
    pub(super) socket: Socket,
    pub(super) room: Room,
    pub(super) id: Uuid,
    pub(super) text: Text,
    pub(super) owner: Option<Owner>,
    pub(super) answer: &'a Answer,
    /// The entry of the send that it answers.
    pub(super) sent: Option<Index>,
}

/// A time in which a client is no member of a room.
#[derive(Clone, Copy)]
pub(super) struct Absence {
    /// The departure; none where it was never a member before.
    pub(super) left: Option<Index>,
    /// The next return.
    returned: Option<Index>,
}

impl Absence {
    pub(super) fn covers(&self, entry: Index) -> bool {
        self.left.is_none_or(|left| left < entry) && self.returned.is_none_or(|returned| entry < returned)
    }

    /// The return that ended it.
    pub(super) fn end(&self) -> Option<Index> {
        self.returned
    }

    /// The entry that tells of it: who enters later was not in before.
    pub(super) fn proof(&self) -> Option<Index> {
        self.left.or(self.returned)
    }
}

impl<'a> Facts<'a> {
    pub(super) fn of(history: &'a History) -> Self {
        let clients = (0..).map(Client).zip(&history.clients).map(|(client, name)| (name.as_str(), client));
        let mut facts = Self {
            history,
            logs: history.rooms.iter().map(|room| Log::of(&room.log)).collect(),
            nothing: Log::of(&[]),
            owners: HashMap::new(),
            clients: clients.collect(),
            spells: HashMap::new(),
            tries: Vec::new(),
            replies: Vec::new(),
            strangers: HashSet::new(),
            first_sent: HashMap::new(),
        };
        for (entry, event) in facts.events() {
            if let Event::Opened { socket, client } = *event {
                facts.owners.entry(socket).or_insert(Owner { client, opened: entry });
            }
        }
        facts.take_membership();
        facts.take_sends();
        facts
    }

    /// The record, without times.
    pub(super) fn events(&self) -> impl Iterator<Item = (Index, &'a Event)> + use<'a> {
        self.history.entries.iter().map(|entry| &entry.event).enumerate()
    }

    pub(super) fn event(&self, entry: Index) -> Option<&'a Event> {
        self.history.entries.get(entry).map(|entry| &entry.event)
    }

    pub(super) fn log(&self, room: Room) -> &Log<'a> {
        usize::try_from(room.0).ok().and_then(|room| self.logs.get(room)).unwrap_or(&self.nothing)
    }

    pub(super) fn logs(&self) -> impl Iterator<Item = (Room, &Log<'a>)> {
        (0..).map(Room).zip(&self.logs)
    }

    pub(super) fn owner(&self, socket: Socket) -> Option<Owner> {
        self.owners.get(&socket).copied()
    }

    pub(super) fn client(&self, name: &str) -> Option<Client> {
        self.clients.get(name).copied()
    }

    pub(super) fn name(&self, client: Client) -> &'a str {
        let name = usize::try_from(client.0).ok().and_then(|client| self.history.clients.get(client));
        name.map_or("somebody", String::as_str)
    }

    pub(super) fn room(&self, room: Room) -> &'a str {
        let room = usize::try_from(room.0).ok().and_then(|room| self.history.rooms.get(room));
        room.map_or("some room", |room| room.name.as_str())
    }

    /// The time around an entry in which a client is no member.
    pub(super) fn absence(&self, client: Client, room: Room, entry: Index) -> Option<Absence> {
        let spells = self.absences(client, room);
        let next = spells.partition_point(|spell| spell.left.is_none_or(|left| left < entry));
        next.checked_sub(1).map(|last| spells[last]).filter(|spell| spell.covers(entry))
    }

    /// The times in which a client is no member, in order.
    pub(super) fn absences(&self, client: Client, room: Room) -> &[Absence] {
        self.spells.get(&(client, room)).map_or(&[], Vec::as_slice)
    }

    /// When a message was first about to be sent, by whomever.
    pub(super) fn first_sent(&self, room: Room, message: &Message) -> Option<Index> {
        self.first_sent.get(&(room, message.client_msg_id, message.text)).copied()
    }

    fn take_membership(&mut self) {
        let mut known = HashSet::new();
        for (entry, event) in self.events() {
            match *event {
                Event::Entering { client, room } => {
                    let spells = self.spells.entry((client, room)).or_default();
                    if known.insert((client, room)) {
                        spells.push(Absence { left: None, returned: Some(entry) });
                    } else if let Some(last) = spells.last_mut() {
                        last.returned = last.returned.or(Some(entry));
                    }
                }
                Event::Left { client, room } => {
                    known.insert((client, room));
                    let spells = self.spells.entry((client, room)).or_default();
                    if spells.last().is_none_or(|last| last.returned.is_some()) {
                        spells.push(Absence { left: Some(entry), returned: None });
                    }
                }
                _ => {}
            }
        }
    }

    /// The answers of one connection in one room come in the order of its sends: of sends that look alike, the first
    /// answer belongs to the first.
    fn take_sends(&mut self) {
        let mut waiting: HashMap<_, VecDeque<usize>> = HashMap::new();
        for (entry, event) in self.events() {
            match *event {
                Event::Sent { socket, room, client_msg_id: id, text } => {
                    let owner = self.owner(socket);
                    if owner.is_none() {
                        self.strangers.insert((room, id));
                    }
                    self.first_sent.entry((room, id, text)).or_insert(entry);
                    waiting.entry((socket, room, id, text)).or_default().push_back(self.tries.len());
                    self.tries.push(Try { entry, socket, room, id, text, owner, answer: None });
                }
                Event::Answered { socket, room, client_msg_id: id, text, ref answer } => {
                    let of = waiting.get_mut(&(socket, room, id, text)).and_then(VecDeque::pop_front);
                    let of = of.and_then(|of| self.tries.get_mut(of));
                    let sent = of.map(|of| {
                        of.answer = Some((entry, answer));
                        of.entry
                    });
                    let owner = self.owner(socket);
                    self.replies.push(Reply { entry, socket, room, id, text, owner, answer, sent });
                }
                _ => {}
            }
        }
    }
}

/// The final log of a room.
pub(super) struct Log<'a> {
    pub(super) messages: &'a [Message],
    pub(super) prints: Vec<Print>,
    places: HashMap<i64, usize>,
    keys: HashMap<&'a str, HashMap<Uuid, Vec<i64>>>,
}

impl<'a> Log<'a> {
    fn of(messages: &'a [Message]) -> Self {
        let mut log = Self {
            messages,
            prints: messages.iter().map(Message::print).collect(),
            places: HashMap::with_capacity(messages.len()),
            keys: HashMap::new(),
        };
        for (place, message) in messages.iter().enumerate() {
            log.places.entry(message.seq).or_insert(place);
            log.keys.entry(&message.author).or_default().entry(message.client_msg_id).or_default().push(message.seq);
        }
        log
    }

    pub(super) fn at(&self, seq: i64) -> Option<&'a Message> {
        self.messages.get(*self.places.get(&seq)?)
    }

    pub(super) fn print_at(&self, seq: i64) -> Option<Print> {
        self.prints.get(*self.places.get(&seq)?).copied()
    }

    /// Its last position.
    pub(super) fn end(&self) -> i64 {
        self.messages.last().map_or(0, |message| message.seq)
    }

    /// Where an author's message stands.
    pub(super) fn positions(&self, author: &str, id: Uuid) -> &[i64] {
        self.keys.get(author).and_then(|ids| ids.get(&id)).map_or(&[], Vec::as_slice)
    }
}
