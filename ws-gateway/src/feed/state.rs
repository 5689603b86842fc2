//! What the feed knows and decides, free of I/O: who is in which room here, up to where each room was handed on, and
//! what follows from an event. Inputs are method calls, outputs queue up.
//!
//! A room has one cursor for the whole gateway: everything up to it was handed to the sockets inside. After a cut the
//! watch resumes from it. Who may be inside is decided by the room's own stream alone, which has messages and changes
//! of membership in the order of commit, and names the members where it starts. What a user's stream says comes at
//! its own pace: it decides which rooms a socket wants, and no more. A socket is inside where both agree.

mod people;

use std::collections::{HashMap, HashSet, VecDeque};
use std::iter::repeat;

use chat_proto::v1;
use chat_proto::v1::subscribe_request::Request;
use chat_proto::v1::subscribe_response::Event;
use chat_proto::v1::watch_error::Target;
use chat_sabotage::{Fault, planted, strikes};
use prost_types::Timestamp;
use socketioxide::socket::Sid;

use super::typists::Typists;
use super::view::View;
use crate::wire;

/// What is to be done.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "short-lived, and nearly always the largest one")]
pub(super) enum Output {
    /// Ask the core.
    Wish(v1::SubscribeRequest),
    /// Tell sockets.
    Tell(Vec<Sid>, Told),
    /// Close a socket: its session is over.
    Close(Sid),
    /// Find out whether a socket's session still holds.
    Doubt(Sid),
}

/// What sockets are told.
#[derive(Debug)]
pub(super) enum Told {
    Message(v1::Message),
    Joined(wire::RoomJoined),
    Added(v1::RoomSummary),
    Removed(String),
    MemberJoined(wire::RoomMember),
    MemberLeft(wire::RoomMember),
    Invited(v1::Invite),
    FriendRequest(v1::FriendRequest),
    Typing(wire::Typing),
    ReadState(wire::ReadState),
    Presence(wire::Presence),
    OnlineUsers(Vec<wire::OnlineUser>),
}

/// Everything the feed knows.
#[derive(Debug, Default)]
pub(super) struct State {
    open: bool,
    rooms: HashMap<String, Room>,
    users: HashMap<String, User>,
    sockets: HashMap<Sid, Socket>,
    typists: Typists,
    retries: HashSet<Topic>,
    outputs: VecDeque<Output>,
}

#[derive(Debug, Default)]
struct Room {
    /// The history, and the last position of it that was handed on; none before the first watch started.
    cursor: Option<(String, i64)>,
    /// Whether the watch has started on the stream that is open.
    live: bool,
    /// Whether the core was told the cursor, and so replays what follows it.
    replays: bool,
    /// Who is a member at the cursor.
    members: HashSet<String>,
    /// How far each has read, where the core tells.
    read: HashMap<String, i64>,
    /// Sockets of members: they get everything beyond the cursor.
    inside: HashSet<Sid>,
    /// Sockets to come inside when the watch starts, or when their user becomes a member.
    waiting: HashSet<Sid>,
}

impl Room {
    /// Everybody's who wants to hear of it.
    fn sockets(&self) -> impl Iterator<Item = Sid> {
        self.inside.iter().chain(&self.waiting).copied()
    }
}

#[derive(Debug, Default)]
struct User {
    sockets: HashSet<Sid>,
    /// The rooms that they are a member of, with since when.
    rooms: HashMap<String, Timestamp>,
    view: View,
}

#[derive(Debug)]
struct Socket {
    user: String,
    session: String,
    /// Rooms that it does not want to hear of.
    left: HashSet<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Topic {
    Room(String),
    User(String),
}

impl State {
    pub(super) fn next_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Whether the stream from the core is open.
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// A stream opened: everything is watched again, rooms from their cursors.
    pub(super) fn opened(&mut self) {
        self.open = true;
        let users: Vec<String> = self.users.keys().cloned().collect();
        users.iter().for_each(|user| self.watch_user(user));
        let rooms: Vec<String> = self.rooms.keys().cloned().collect();
        rooms.iter().for_each(|room| self.watch_room(room));
    }

    /// The stream is gone.
    pub(super) fn closed(&mut self) {
        self.open = false;
        self.retries.clear();
        self.rooms.values_mut().for_each(|room| room.live = false);
    }

    /// A second went by: watches that the core could not start are tried again, and who fell silent writes no more.
    pub(super) fn tick(&mut self) {
        self.fall_silent();
        for topic in std::mem::take(&mut self.retries) {
            match topic {
                Topic::Room(room) => self.watch_room(&room),
                Topic::User(user) => self.watch_user(&user),
            }
        }
    }

    pub(super) fn connected(&mut self, socket: Sid, user: &str, session: &str) {
        let known = Socket { user: user.to_owned(), session: session.to_owned(), left: HashSet::new() };
        self.sockets.insert(socket, known);
        let first = !self.users.contains_key(user);
        let entry = self.users.entry(user.to_owned()).or_default();
        entry.sockets.insert(socket);
        let rooms: Vec<String> = entry.rooms.keys().cloned().collect();
        let online = people::online_users(&entry.view);
        rooms.iter().for_each(|room| self.enter(socket, room));
        self.outputs.extend(online.map(|online| Output::Tell(vec![socket], online)));
        if first {
            self.watch_user(user);
        } else {
            // The user's stream may have said that its session ended, before the socket was known here.
            self.outputs.push_back(Output::Doubt(socket));
        }
    }

    pub(super) fn disconnected(&mut self, socket: Sid) {
        let Some(known) = self.sockets.remove(&socket) else { return };
        let Some(user) = self.users.get_mut(&known.user) else { return };
        user.sockets.remove(&socket);
        let (rooms, last) = (user.rooms.clone(), user.sockets.is_empty());
        rooms.keys().for_each(|room| self.exit(socket, room));
        if last {
            self.users.remove(&known.user);
            self.wish(Request::UnwatchUser(v1::UnwatchUser { user_id: known.user }));
        }
    }

    /// A socket asks for a room that its user was found to be a member of. Where the user's stream does not say so yet,
    /// the socket comes in as soon as it does.
    pub(super) fn join(&mut self, socket: Sid, room: &str) {
        let Some(known) = self.sockets.get_mut(&socket) else { return };
        known.left.remove(room);
        if !self.users.get(&known.user).is_some_and(|user| user.rooms.contains_key(room)) {
            return;
        }
        if self.rooms.get(room).is_some_and(|room| room.live && room.inside.contains(&socket)) {
            self.tell_joined(room, vec![socket]);
        } else {
            self.enter(socket, room);
        }
    }

    /// A socket wants to hear of a room no more; its user stays a member.
    pub(super) fn leave(&mut self, socket: Sid, room: &str) {
        if let Some(known) = self.sockets.get_mut(&socket)
            && self.users.get(&known.user).is_some_and(|user| user.rooms.contains_key(room))
        {
            known.left.insert(room.to_owned());
        }
        self.exit(socket, room);
    }

    /// Whether any socket of a user's hears of a room.
    pub(super) fn hears(&self, room: &str, user: &str) -> bool {
        let inside = self.rooms.get(room).map(|room| &room.inside);
        let sockets = self.users.get(user).map(|user| &user.sockets);
        inside.zip(sockets).is_some_and(|(inside, sockets)| !inside.is_disjoint(sockets))
    }

    /// Something happened.
    pub(super) fn hear(&mut self, event: Event) {
        match event {
            Event::Message(message) => self.message(message),
            Event::Watching(watching) => self.watching(watching),
            Event::MemberJoined(v1::MemberJoined { room_id, user_id }) => self.member_joined(room_id, user_id),
            Event::MemberLeft(v1::MemberLeft { room_id, user_id }) => self.member_left(room_id, user_id),
            Event::UserEvent(v1::UserEvent { user_id, event: Some(event) }) => self.user_event(&user_id, event),
            Event::UserEvent(_) => {}
            Event::Typing(typing) => self.typing(typing.into()),
            Event::ReadState(state) => self.read_state(state),
            Event::Presence(presence) => self.presence(presence),
            Event::Error(error) => self.watch_error(error),
        }
    }

    fn message(&mut self, message: v1::Message) {
        let room_id = message.room_id.clone();
        let Some(room) = self.rooms.get_mut(&room_id).filter(|room| room.live) else { return };
        let Some((_, seq)) = &mut room.cursor else { return };
        if message.seq == *seq + 1 {
            *seq = message.seq;
            self.tell_inside(&room_id, Told::Message(message));
        } else if message.seq > *seq {
            tracing::error!(room = room_id, expected = *seq + 1, got = message.seq, "a hole in the stream of events");
            room.live = false;
            self.watch_room(&room_id);
        }
    }

    fn watching(&mut self, watching: v1::Watching) {
        let v1::Watching { room_id, latest_seq, epoch, members, last_read_seqs } = watching;
        let read = members.iter().cloned().zip(last_read_seqs).collect();
        let Some(room) = self.rooms.get_mut(&room_id) else { return };
        room.live = true;
        room.members = members.into_iter().collect();
        if planted(Fault::ForgetCursor) {
            room.cursor = Some((epoch.clone(), latest_seq));
        }
        match &room.cursor {
            Some((known, seq)) if *known == epoch => {
                // The start of an earlier watch may have been taken for this one's: what lies between is not replayed.
                if latest_seq > *seq && !room.replays {
                    self.watch_room(&room_id);
                }
            }
            _ => {
                room.cursor = Some((epoch, latest_seq));
                room.waiting.extend(room.inside.drain());
            }
        }
        let here: Vec<Sid> = self.rooms.get(&room_id).into_iter().flat_map(Room::sockets).collect();
        self.place(&room_id, &here);
        self.catch_up_on_reading(&room_id, read);
    }

    /// Puts sockets inside whose users are members, and the others out.
    fn place(&mut self, room_id: &str, sockets: &[Sid]) {
        let Some(room) = self.rooms.get_mut(room_id).filter(|room| room.live) else { return };
        let mut newcomers = Vec::new();
        for socket in sockets {
            let member = self.sockets.get(socket).is_some_and(|known| room.members.contains(&known.user));
            if member && room.waiting.remove(socket) {
                room.inside.insert(*socket);
                newcomers.push(*socket);
            } else if !member && room.inside.remove(socket) {
                room.waiting.insert(*socket);
            }
        }
        self.tell_joined(room_id, newcomers);
    }

    fn member_joined(&mut self, room_id: String, user_id: String) {
        let Some(room) = self.rooms.get_mut(&room_id).filter(|room| room.live) else { return };
        // The start of the watch may have named them already.
        if room.members.insert(user_id.clone()) {
            let sockets = self.sockets_of(&user_id);
            self.tell_inside(&room_id, Told::MemberJoined(wire::RoomMember { room_id: room_id.clone(), user_id }));
            self.place(&room_id, &sockets);
        }
    }

    /// Whoever left is out before the next message.
    fn member_left(&mut self, room_id: String, user_id: String) {
        let Some(room) = self.rooms.get_mut(&room_id).filter(|room| room.live) else { return };
        if room.members.remove(&user_id) {
            self.place(&room_id, &self.sockets_of(&user_id));
            self.tell_inside(&room_id, Told::MemberLeft(wire::RoomMember { room_id: room_id.clone(), user_id }));
        }
    }

    fn tell_inside(&mut self, room: &str, told: Told) {
        if let Some(room) = self.rooms.get(room) {
            self.outputs.push_back(Output::Tell(room.inside.iter().copied().collect(), told));
        }
    }

    fn user_event(&mut self, user: &str, event: v1::user_event::Event) {
        use v1::user_event::Event as UserEvent;
        if !self.users.contains_key(user) {
            return;
        }
        match event {
            UserEvent::State(state) => self.user_state(user, &state),
            UserEvent::RoomAdded(room) => {
                let (room_id, since) = (room.room_id.clone(), room.joined_at.unwrap_or_default());
                self.tell_user(user, Told::Added(room));
                for socket in self.sockets_of(user) {
                    if let Some(known) = self.sockets.get_mut(&socket) {
                        known.left.remove(&room_id);
                    }
                }
                self.admit(user, &room_id, since);
            }
            UserEvent::RoomRemoved(v1::RoomRemoved { room_id }) => self.expel(user, &room_id),
            UserEvent::Invite(invite) => self.tell_user(user, Told::Invited(invite)),
            UserEvent::FriendRequest(request) => self.tell_user(user, Told::FriendRequest(request)),
            UserEvent::ReadState(state) => self.own_read_state(state),
            UserEvent::OnlineUsers(online) => self.online_users(user, online),
            UserEvent::SessionRevoked(v1::SessionRevoked { session_id }) => {
                for socket in self.sockets_of(user) {
                    if self.sockets.get(&socket).is_some_and(|known| known.session == session_id) {
                        self.outputs.push_back(Output::Close(socket));
                    }
                }
            }
        }
    }

    fn tell_user(&mut self, user: &str, told: Told) {
        self.outputs.push_back(Output::Tell(self.sockets_of(user), told));
    }

    /// How things stand, after the gateway may have missed something.
    fn user_state(&mut self, user: &str, state: &v1::UserState) {
        for socket in self.sockets_of(user) {
            // The session may also be younger than the state.
            if self.sockets.get(&socket).is_some_and(|known| !state.session_ids.contains(&known.session)) {
                self.outputs.push_back(Output::Doubt(socket));
            }
        }
        // A core of an earlier version does not say since when.
        let since = state.joined_at.iter().copied().chain(repeat(Timestamp::default()));
        let rooms: HashMap<&String, Timestamp> = state.room_ids.iter().zip(since).collect();
        let known = self.users.get(user).map(|user| user.rooms.clone()).unwrap_or_default();
        // Who left and came back meanwhile has another membership, and is told of both.
        for (room, _) in known.iter().filter(|(room, since)| rooms.get(room) != Some(since)) {
            self.expel(user, room);
        }
        rooms.into_iter().for_each(|(room, since)| self.admit(user, room, since));
    }

    fn watch_error(&mut self, error: v1::WatchError) {
        match (error.target, error.code.as_str()) {
            // The room's history is another one now: its watch starts anew, and everybody inside is told.
            (Some(Target::RoomId(room)), "cursor_ahead") => {
                if let Some(known) = self.rooms.get_mut(&room) {
                    known.cursor = None;
                    known.waiting.extend(known.inside.drain());
                }
                self.watch_room(&room);
            }
            // The room is not in this history: whoever is inside waits for their own stream to say so.
            (Some(Target::RoomId(room)), "not_a_member") => {
                if let Some(known) = self.rooms.get_mut(&room) {
                    known.live = false;
                    known.cursor = None;
                    known.waiting.extend(known.inside.drain());
                }
            }
            (Some(Target::RoomId(room)), _) => {
                self.retries.insert(Topic::Room(room));
            }
            (Some(Target::UserId(user)), "not_found") => {
                let sockets = self.sockets_of(&user);
                self.outputs.extend(sockets.into_iter().map(Output::Doubt));
            }
            (Some(Target::UserId(user)), _) => {
                self.retries.insert(Topic::User(user));
            }
            (None, _) => {}
        }
    }

    /// A user is a member of a room: their sockets hear of it.
    fn admit(&mut self, user: &str, room: &str, since: Timestamp) {
        let Some(known) = self.users.get_mut(user) else { return };
        known.rooms.insert(room.to_owned(), since);
        self.sockets_of(user).into_iter().for_each(|socket| self.enter(socket, room));
    }

    /// A user is no member of a room: their sockets are told, once, and hear of it no more.
    fn expel(&mut self, user: &str, room: &str) {
        let sockets = self.sockets_of(user);
        for socket in &sockets {
            self.exit(*socket, room);
            if let Some(known) = self.sockets.get_mut(socket) {
                known.left.remove(room);
            }
        }
        if self.users.get_mut(user).is_some_and(|known| known.rooms.remove(room).is_some()) {
            self.outputs.push_back(Output::Tell(sockets, Told::Removed(room.to_owned())));
        }
    }

    fn enter(&mut self, socket: Sid, room: &str) {
        let wanted = self.sockets.get(&socket).is_some_and(|known| !known.left.contains(room));
        if !wanted || self.is_in(socket, room) {
            return;
        }
        let first = !self.rooms.contains_key(room);
        self.rooms.entry(room.to_owned()).or_default().waiting.insert(socket);
        if first {
            self.watch_room(room);
        }
        self.place(room, &[socket]);
    }

    fn exit(&mut self, socket: Sid, room: &str) {
        let Some(entry) = self.rooms.get_mut(room) else { return };
        entry.inside.remove(&socket);
        entry.waiting.remove(&socket);
        if entry.inside.is_empty() && entry.waiting.is_empty() {
            self.rooms.remove(room);
            self.wish(Request::UnwatchRoom(v1::UnwatchRoom { room_id: room.to_owned() }));
        }
    }

    fn is_in(&self, socket: Sid, room: &str) -> bool {
        self.rooms.get(room).is_some_and(|room| room.inside.contains(&socket) || room.waiting.contains(&socket))
    }

    fn sockets_of(&self, user: &str) -> Vec<Sid> {
        self.users.get(user).map(|user| user.sockets.iter().copied().collect()).unwrap_or_default()
    }

    fn tell_joined(&mut self, room: &str, sockets: Vec<Sid>) {
        let Some((epoch, latest_seq)) = self.rooms.get(room).and_then(|room| room.cursor.clone()) else { return };
        if !sockets.is_empty() {
            let latest_seq = latest_seq - i64::from(latest_seq > 0 && strikes(Fault::JoinTooLow, 2));
            let joined = wire::RoomJoined { room_id: room.to_owned(), latest_seq, epoch };
            self.outputs.push_back(Output::Tell(sockets, Told::Joined(joined)));
        }
    }

    fn watch_room(&mut self, room: &str) {
        let Some(entry) = self.rooms.get_mut(room) else { return };
        let after_seq = entry.cursor.as_ref().filter(|_| !planted(Fault::ForgetCursor)).map(|(_, seq)| *seq);
        entry.replays = after_seq.is_some();
        self.wish(Request::WatchRoom(v1::WatchRoom { room_id: room.to_owned(), after_seq }));
    }

    fn watch_user(&mut self, user: &str) {
        if self.users.contains_key(user) {
            self.wish(Request::WatchUser(v1::WatchUser { user_id: user.to_owned() }));
        }
    }

    fn wish(&mut self, request: Request) {
        if self.open {
            self.outputs.push_back(Output::Wish(v1::SubscribeRequest { request: Some(request) }));
        }
    }
}

#[cfg(test)]
mod tests;
