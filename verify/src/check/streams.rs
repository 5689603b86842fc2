//! What connections are told live: (k), and their part of (e).

use std::collections::{BTreeMap, HashMap};

use super::facts::{Absence, Facts, Owner};
use super::report::{Invariant, Report};
use crate::history::{Event, Index, Room, Socket};

/// What a connection is promised of a room, and how far it got.
struct Stream {
    /// The entry that the position is counted from, and what that said.
    joined: Index,
    from: i64,
    exact: bool,
    /// The newest entry of its kind.
    joined_last: Index,
    last: i64,
    /// The entry that brought it so far.
    last_at: Index,
}

/// How a connection stands to a room.
struct Stand<'a> {
    room: Room,
    stream: Option<&'a Stream>,
    /// When it was last told that it hears of the room no more.
    parted: Option<Index>,
}

pub(super) fn check(facts: &Facts<'_>, report: &mut Report) {
    let mut streams: HashMap<Socket, BTreeMap<Room, Stream>> = HashMap::new();
    let mut parted: HashMap<(Socket, Room), Index> = HashMap::new();
    for (entry, event) in facts.events() {
        match *event {
            Event::Joined { socket, room, latest_seq, exact } => {
                joined_within(facts, report, entry, socket, (room, latest_seq));
                let rooms = streams.entry(socket).or_default();
                join(rooms, room, Stream::new(entry, latest_seq, exact));
            }
            Event::Parted { socket, room } => {
                parted.insert((socket, room), entry);
                streams.get_mut(&socket).and_then(|rooms| rooms.remove(&room));
            }
            Event::Closed { socket } => {
                streams.remove(&socket);
            }
            Event::Live { socket, room, seq, print } => {
                report.checks(Invariant::OneOrder);
                if facts.log(room).print_at(seq) != Some(print) {
                    report.breach(Invariant::OneOrder, [entry], [(room, seq)], || {
                        let told = format!("connection {} was told of {seq} in {}", socket.0, facts.room(room));
                        told + if facts.log(room).at(seq).is_some() { ", not as it is in the log" } else { BEYOND }
                    });
                }
                if let Some(stream) = streams.get_mut(&socket).and_then(|rooms| rooms.get_mut(&room)) {
                    stream.hear(facts, report, entry, socket, (room, seq));
                }
            }
            Event::StillOpen { socket } => {
                let rooms = streams.entry(socket).or_default();
                for (room, _) in facts.logs() {
                    let parted = parted.get(&(socket, room)).copied();
                    ends(facts, report, entry, socket, Stand { room, stream: rooms.get(&room), parted });
                }
            }
            _ => {}
        }
    }
}

/// What is seen where nothing is.
pub(super) const BEYOND: &str = ", where the log has nothing";

fn joined_within(facts: &Facts<'_>, report: &mut Report, entry: Index, socket: Socket, place: (Room, i64)) {
    let (room, seq) = place;
    report.checks(Invariant::OneOrder);
    if seq > facts.log(room).end() {
        report.breach(Invariant::OneOrder, [entry], [place], || {
            format!("connection {} joined {} at {seq}{BEYOND}", socket.0, facts.room(room))
        });
    }
}

/// Where a connection that has joined joins again, the new position may lie behind what it has heard by now.
fn join(rooms: &mut BTreeMap<Room, Stream>, room: Room, new: Stream) {
    match rooms.get_mut(&room) {
        Some(stream) if stream.last > new.last => stream.joined_last = new.joined,
        _ => drop(rooms.insert(room, new)),
    }
}

impl Stream {
    fn new(joined: Index, from: i64, exact: bool) -> Self {
        Self { joined, from, exact, joined_last: joined, last: from, last_at: joined }
    }

    fn hear(&mut self, facts: &Facts<'_>, report: &mut Report, entry: Index, socket: Socket, place: (Room, i64)) {
        report.checks(Invariant::Live);
        let (room, seq) = place;
        let (socket, name, from, last) = (socket.0, facts.room(room), self.from, self.last);
        if seq > last + 1 {
            let missing = [(room, last + 1), (room, seq)];
            report.breach(Invariant::Live, [self.joined, entry], missing, || {
                format!("connection {socket}, promised all of {name} beyond {from}, got {seq} before {}", seq - 1)
            });
        }
        if seq > last {
            (self.last, self.last_at) = (seq, entry);
        } else if self.exact {
            report.breach(Invariant::Live, [self.joined, self.last_at, entry], [place], || {
                format!("connection {socket}, promised each message of {name} once, got {seq} after {last}")
            });
        }
    }
}

/// A connection that is open at the end was told all of each room that its client is in.
fn ends(facts: &Facts<'_>, report: &mut Report, entry: Index, socket: Socket, stand: Stand<'_>) {
    let Stand { room, stream, parted } = stand;
    let Some(Owner { client, opened }) = facts.owner(socket) else { return };
    if facts.absence(client, room, entry).is_some() {
        return;
    }
    let last = facts.absences(client, room).last();
    let (left, entered) = (last.and_then(|absence| absence.left), last.and_then(Absence::end));
    // What it joined before it left says nothing about the time after.
    let stream = stream.filter(|stream| left.is_none_or(|left| left < stream.joined_last));
    let (number, client, name) = (socket.0, facts.name(client), facts.room(room));
    match (stream, entered) {
        (Some(stream), _) => {
            report.checks(Invariant::Live);
            let (end, from) = (facts.log(room).end(), stream.from);
            if stream.last < end {
                let missing = [(room, stream.last + 1), (room, end)];
                report.breach(Invariant::Live, [opened, stream.joined, entry], missing, || {
                    format!("connection {number} of {client}, promised all of {name} beyond {from}, never got {end}")
                });
            }
        }
        // A client may also ask for silence, and stay a member.
        (None, Some(entered)) if parted.is_none_or(|parted| parted < entered) => {
            report.checks(Invariant::Live);
            report.breach(Invariant::Live, [opened, entered, entry], [], || {
                format!("connection {number} of {client}, who is in {name}, never joined it")
            });
        }
        (None, _) => {}
    }
}
