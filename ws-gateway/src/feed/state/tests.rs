//! The feed's decisions against a model of the core: its logs, and a stream whose watches run at paces of their own,
//! lag, and are cut. Whatever happens, each socket hears every message beyond its `room_joined` once and in order, none
//! beyond its user's removal, and in the end all that it should.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

const USERS: [&str; 3] = ["alice", "bob", "carol"];
const ROOMS: [&str; 2] = ["lobby", "plans"];

/// What happens in a room, in the order of commit.
#[derive(Clone, Debug, PartialEq)]
enum Entry {
    Message(i64),
    Joined(&'static str),
    Left(&'static str),
}

/// What happens to a user.
#[derive(Clone, Debug)]
enum Change {
    Added(&'static str, Timestamp),
    Removed(&'static str),
}

/// The core: what is committed, and the stream to the gateway.
#[derive(Debug, Default)]
struct Core {
    epoch: u32,
    rooms: BTreeMap<&'static str, Vec<Entry>>,
    users: BTreeMap<&'static str, Vec<Change>>,
    wishes: VecDeque<Request>,
    room_watches: BTreeMap<String, RoomWatch>,
    user_watches: BTreeMap<String, usize>,
    /// Said, and not arrived yet.
    wire: VecDeque<Event>,
}

#[derive(Debug)]
struct RoomWatch {
    next: usize,
    seq: i64,
}

/// A socket, as its client sees things.
#[derive(Debug)]
struct Client {
    user: &'static str,
    /// The epoch and the last message of each room that it joined.
    heard: BTreeMap<String, (String, i64)>,
    left: BTreeSet<&'static str>,
}

#[derive(Clone, Debug)]
enum Step {
    Connect(usize),
    Disconnect(usize),
    Send(usize),
    Flip { user: usize, room: usize },
    SocketLeaves { socket: usize, room: usize },
    SocketJoins { socket: usize, room: usize },
    Cut,
    Restore(usize),
    Wish { early: usize },
    RoomSays(usize),
    UserSays(usize),
    RoomLags(usize),
    Arrive,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0usize..3).prop_map(Step::Connect),
        1 => (0usize..6).prop_map(Step::Disconnect),
        6 => (0usize..2).prop_map(Step::Send),
        5 => (0usize..3, 0usize..2).prop_map(|(user, room)| Step::Flip { user, room }),
        2 => (0usize..3, 0usize..2).prop_map(|(socket, room)| Step::SocketLeaves { socket, room }),
        3 => (0usize..3, 0usize..2).prop_map(|(socket, room)| Step::SocketJoins { socket, room }),
        1 => Just(Step::Cut),
        1 => (0usize..8).prop_map(Step::Restore),
        6 => (0usize..4).prop_map(|early| Step::Wish { early }),
        8 => (0usize..2).prop_map(Step::RoomSays),
        6 => (0usize..3).prop_map(Step::UserSays),
        1 => (0usize..2).prop_map(Step::RoomLags),
        14 => Just(Step::Arrive),
    ]
}

fn members(log: &[Entry]) -> BTreeSet<&'static str> {
    let mut members = BTreeSet::new();
    for entry in log {
        match entry {
            Entry::Joined(user) => members.insert(*user),
            Entry::Left(user) => members.remove(user),
            Entry::Message(_) => false,
        };
    }
    members
}

/// The place in the log at which somebody last came, for the time of it.
fn since(log: &[Entry], user: &str) -> Timestamp {
    let joined = log.iter().rposition(|entry| matches!(entry, Entry::Joined(who) if *who == user));
    Timestamp { seconds: joined.map_or(0, |place| i64::try_from(place).unwrap()), nanos: 0 }
}

fn latest(log: &[Entry]) -> i64 {
    i64::try_from(log.iter().filter(|entry| matches!(entry, Entry::Message(_))).count()).unwrap()
}

fn said(room: &str, seq: i64) -> Event {
    Event::Message(v1::Message { room_id: room.to_owned(), seq, ..v1::Message::default() })
}

impl Core {
    fn log(&self, room: &str) -> &[Entry] {
        self.rooms.get(room).map_or(&[], Vec::as_slice)
    }

    fn send(&mut self, room: &'static str) {
        let seq = latest(self.log(room)) + 1;
        self.rooms.entry(room).or_default().push(Entry::Message(seq));
    }

    fn flip(&mut self, user: &'static str, room: &'static str) {
        let inside = members(self.log(room)).contains(user);
        self.rooms.entry(room).or_default().push(if inside { Entry::Left(user) } else { Entry::Joined(user) });
        let since = since(self.log(room), user);
        let change = if inside { Change::Removed(room) } else { Change::Added(room, since) };
        self.users.entry(user).or_default().push(change);
    }

    fn cut(&mut self) {
        self.wishes.clear();
        self.room_watches.clear();
        self.user_watches.clear();
        self.wire.clear();
    }

    /// An older state of a room comes back.
    fn restore(&mut self, keep: usize) {
        self.epoch += 1;
        self.rooms.values_mut().for_each(|log| log.truncate(keep));
        self.cut();
    }

    fn grant(&mut self, early: usize) {
        match self.wishes.pop_front() {
            Some(Request::WatchRoom(wish)) => self.watch_room(&wish.room_id, wish.after_seq, early),
            Some(Request::UnwatchRoom(wish)) => drop(self.room_watches.remove(&wish.room_id)),
            Some(Request::WatchUser(wish)) => self.watch_user(&wish.user_id),
            Some(Request::UnwatchUser(wish)) => drop(self.user_watches.remove(&wish.user_id)),
            None => {}
        }
    }

    /// The place in the live tail is taken `early` entries before the snapshot.
    fn watch_room(&mut self, room: &str, after: Option<i64>, early: usize) {
        let log = self.log(room);
        let latest_seq = latest(log);
        if after.is_some_and(|after| after > latest_seq) {
            let target = Some(Target::RoomId(room.to_owned()));
            self.room_watches.remove(room);
            return self.wire.push_back(Event::Error(v1::WatchError {
                target,
                code: "cursor_ahead".into(),
                message: String::new(),
            }));
        }
        let next = log.len().saturating_sub(early);
        let members = members(log).into_iter().map(str::to_owned).collect();
        self.room_watches.insert(room.to_owned(), RoomWatch { next, seq: latest_seq });
        let (room_id, epoch) = (room.to_owned(), self.epoch.to_string());
        self.wire.push_back(Event::Watching(v1::Watching {
            room_id,
            latest_seq,
            epoch,
            members,
            last_read_seqs: vec![],
        }));
        self.wire.extend((after.unwrap_or(latest_seq)..latest_seq).map(|seq| said(room, seq + 1)));
    }

    fn watch_user(&mut self, user: &str) {
        let rooms = ROOMS.iter().filter(|room| members(self.log(room)).contains(user));
        let (room_ids, joined_at) = rooms.map(|room| ((*room).to_owned(), since(self.log(room), user))).unzip();
        let state = v1::UserState { room_ids, session_ids: vec!["s".to_owned()], joined_at };
        self.user_watches.insert(user.to_owned(), self.users.get(user).map_or(0, Vec::len));
        self.tell_user(user, v1::user_event::Event::State(state));
    }

    fn tell_user(&mut self, user: &str, event: v1::user_event::Event) {
        self.wire.push_back(Event::UserEvent(v1::UserEvent { user_id: user.to_owned(), event: Some(event) }));
    }

    /// A room's watch says its next entry.
    fn room_says(&mut self, room: &'static str) -> bool {
        let Some(watch) = self.room_watches.get_mut(room) else { return false };
        let Some(entry) = self.rooms.get(room).and_then(|log| log.get(watch.next)) else { return false };
        watch.next += 1;
        let (room_id, user_id) = (room.to_owned(), |user: &str| user.to_owned());
        match entry {
            Entry::Message(seq) if *seq <= watch.seq => {}
            Entry::Message(seq) => {
                watch.seq = *seq;
                self.wire.push_back(said(room, *seq));
            }
            Entry::Joined(user) => {
                self.wire.push_back(Event::MemberJoined(v1::MemberJoined { room_id, user_id: user_id(user) }));
            }
            Entry::Left(user) => {
                self.wire.push_back(Event::MemberLeft(v1::MemberLeft { room_id, user_id: user_id(user) }));
            }
        }
        true
    }

    fn user_says(&mut self, user: &'static str) -> bool {
        let Some(next) = self.user_watches.get_mut(user) else { return false };
        let Some(change) = self.users.get(user).and_then(|changes| changes.get(*next)).cloned() else { return false };
        *next += 1;
        self.tell_user(
            user,
            match change {
                Change::Added(room, since) => v1::user_event::Event::RoomAdded(v1::RoomSummary {
                    room_id: room.to_owned(),
                    joined_at: Some(since),
                    ..v1::RoomSummary::default()
                }),
                Change::Removed(room) => {
                    v1::user_event::Event::RoomRemoved(v1::RoomRemoved { room_id: room.to_owned() })
                }
            },
        );
        true
    }

    /// A watch that fell behind the tail starts again from what it said last.
    fn room_lags(&mut self, room: &'static str, early: usize) {
        if let Some(seq) = self.room_watches.get(room).map(|watch| watch.seq) {
            self.watch_room(room, Some(seq), early);
        }
    }
}

#[derive(Default)]
struct World {
    core: Core,
    gateway: State,
    clients: BTreeMap<Sid, Client>,
    /// The last to connect, where its user was watched already.
    doubtful: Option<Sid>,
}

impl World {
    fn socket(&self, index: usize) -> Option<Sid> {
        self.clients.keys().nth(index).copied()
    }

    fn take(&mut self, step: Step) -> Result<(), TestCaseError> {
        match step {
            Step::Connect(user) if self.clients.len() < 6 => {
                let (socket, user) = (Sid::new(), USERS[user]);
                self.doubtful = self.gateway.users.contains_key(user).then_some(socket);
                self.clients.insert(socket, Client { user, heard: BTreeMap::new(), left: BTreeSet::new() });
                self.gateway.connected(socket, user, "s");
            }
            Step::Disconnect(index) => {
                if let Some(socket) = self.socket(index) {
                    self.clients.remove(&socket);
                    self.gateway.disconnected(socket);
                }
            }
            Step::Send(room) => self.core.send(ROOMS[room]),
            Step::Flip { user, room } => self.core.flip(USERS[user], ROOMS[room]),
            Step::SocketLeaves { socket, room } => self.socket_leaves(socket, ROOMS[room]),
            Step::SocketJoins { socket, room } => self.socket_joins(socket, ROOMS[room]),
            Step::Cut => self.reopen(Core::cut)?,
            Step::Restore(keep) => self.reopen(|core| core.restore(keep))?,
            Step::Wish { early } => self.core.grant(early),
            Step::RoomSays(room) => drop(self.core.room_says(ROOMS[room])),
            Step::UserSays(user) => drop(self.core.user_says(USERS[user])),
            Step::RoomLags(room) => self.core.room_lags(ROOMS[room], 1),
            Step::Arrive => self.arrive(),
            Step::Connect(_) => {}
        }
        self.carry_out()
    }

    fn socket_leaves(&mut self, index: usize, room: &'static str) {
        let Some(socket) = self.socket(index) else { return };
        let client = self.clients.get_mut(&socket).unwrap();
        // Only a member can leave in this sense, and only what the gateway knows by now counts.
        if self.gateway.users[client.user].rooms.contains_key(room) {
            client.left.insert(room);
        }
        client.heard.remove(room);
        self.gateway.leave(socket, room);
    }

    fn socket_joins(&mut self, index: usize, room: &'static str) {
        let Some(socket) = self.socket(index) else { return };
        self.clients.get_mut(&socket).unwrap().left.remove(room);
        self.gateway.join(socket, room);
    }

    fn reopen(&mut self, cut: impl FnOnce(&mut Core)) -> Result<(), TestCaseError> {
        cut(&mut self.core);
        self.gateway.closed();
        self.carry_out()?;
        self.gateway.opened();
        Ok(())
    }

    fn arrive(&mut self) {
        if let Some(event) = self.core.wire.pop_front() {
            self.gateway.hear(event);
        }
    }

    fn carry_out(&mut self) -> Result<(), TestCaseError> {
        while let Some(output) = self.gateway.next_output() {
            match output {
                Output::Wish(wish) => self.core.wishes.extend(wish.request),
                Output::Tell(sockets, told) => {
                    for socket in sockets {
                        self.tell(socket, &told)?;
                    }
                }
                Output::Doubt(socket) if self.doubtful == Some(socket) => self.doubtful = None,
                Output::Close(socket) | Output::Doubt(socket) => prop_assert!(false, "{socket:?} is doubted"),
            }
        }
        prop_assert_eq!(self.doubtful, None, "nobody asks whether its session holds");
        Ok(())
    }

    fn tell(&mut self, socket: Sid, told: &Told) -> Result<(), TestCaseError> {
        let client = self.clients.get_mut(&socket);
        prop_assert!(client.is_some(), "{told:?} for a socket that is gone");
        let client = client.unwrap();
        match told {
            Told::Joined(joined) => {
                client.heard.insert(joined.room_id.clone(), (joined.epoch.clone(), joined.latest_seq));
            }
            Told::Removed(room) => {
                client.heard.remove(room);
                client.left.remove(room.as_str());
            }
            Told::Added(room) => drop(client.left.remove(room.room_id.as_str())),
            Told::Message(message) => {
                let heard = client.heard.get_mut(&message.room_id);
                prop_assert!(heard.is_some(), "{} hears of {} without having joined", client.user, message.room_id);
                let (epoch, heard) = heard.unwrap();
                prop_assert_eq!(&*epoch, &self.core.epoch.to_string(), "another history");
                prop_assert_eq!(message.seq, *heard + 1, "a hole or a repetition");
                *heard = message.seq;
                let log = self.core.log(&message.room_id);
                let place = log.iter().position(|entry| *entry == Entry::Message(message.seq)).unwrap();
                let allowed = (place..log.len()).any(|end| members(&log[..=end]).contains(client.user));
                prop_assert!(allowed, "{} hears {} beyond the removal", client.user, message.seq);
            }
            Told::MemberJoined(_) | Told::MemberLeft(_) => {}
            other => prop_assert!(false, "nobody said {other:?}"),
        }
        Ok(())
    }

    fn all_is_heard(&self) -> Result<(), TestCaseError> {
        for client in self.clients.values() {
            for room in ROOMS {
                let log = self.core.log(room);
                let should = members(log).contains(client.user) && !client.left.contains(room);
                let heard = client.heard.get(room).is_some_and(|(_, seq)| *seq == latest(log));
                prop_assert_eq!(heard, should, "{} in {}: {:?} of {:?}", client.user, room, client.heard, log);
            }
        }
        Ok(())
    }

    /// Lets everything arrive.
    fn settle(&mut self) -> Result<(), TestCaseError> {
        loop {
            while !self.core.wishes.is_empty() {
                self.core.grant(0);
            }
            let said = ROOMS.iter().any(|room| self.core.room_says(room));
            let said = USERS.iter().any(|user| self.core.user_says(user)) || said;
            let arrived = !self.core.wire.is_empty();
            self.arrive();
            self.carry_out()?;
            if !said && !arrived && self.core.wishes.is_empty() {
                return Ok(());
            }
        }
    }
}

/// What a user's stream said of a session before its socket was known here reached nobody.
#[test]
fn a_socket_whose_session_ended_before_it_was_known_is_doubted() {
    let (mut gateway, first, late) = (State::default(), Sid::new(), Sid::new());
    gateway.opened();
    gateway.connected(first, "alice", "kept");
    let revoked = v1::user_event::Event::SessionRevoked(v1::SessionRevoked { session_id: "ended".to_owned() });
    gateway.hear(Event::UserEvent(v1::UserEvent { user_id: "alice".to_owned(), event: Some(revoked) }));
    gateway.connected(late, "alice", "ended");
    let outputs: Vec<Output> = std::iter::from_fn(|| gateway.next_output()).collect();
    assert!(matches!(outputs[..], [Output::Wish(_), Output::Doubt(doubted)] if doubted == late), "{outputs:?}");
}

proptest! {
    #[test]
    fn every_socket_hears_what_it_should_and_no_more(steps in prop::collection::vec(step(), 1..150)) {
        let mut world = World::default();
        world.gateway.opened();
        for step in steps {
            world.take(step)?;
        }
        world.settle()?;
        world.all_is_heard()?;
        ROOMS.into_iter().for_each(|room| world.core.send(room));
        world.settle()?;
        world.all_is_heard()?;
    }

    #[test]
    fn nothing_is_kept_of_those_who_went(steps in prop::collection::vec(step(), 1..80)) {
        let mut world = World::default();
        world.gateway.opened();
        for step in steps {
            world.take(step)?;
        }
        while !world.clients.is_empty() {
            world.take(Step::Disconnect(0))?;
        }
        let State { rooms, users, sockets, .. } = &world.gateway;
        prop_assert!(rooms.is_empty() && users.is_empty() && sockets.is_empty(), "{:?}", world.gateway);
        world.settle()?;
        prop_assert!(world.core.room_watches.is_empty() && world.core.user_watches.is_empty());
    }
}
