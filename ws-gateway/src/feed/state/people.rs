//! What people do at this moment: who is there, who writes, who has read what.

use std::collections::HashMap;

use chat_proto::v1;
use socketioxide::socket::Sid;

use super::super::view::View;
use super::{Output, State, Told};
use crate::wire;

impl State {
    pub(super) fn typing(&mut self, typing: wire::Typing) {
        let members = self.rooms.get(&typing.room_id).filter(|room| room.live).map(|room| &room.members);
        if members.is_some_and(|members| members.contains(&typing.user_id)) {
            self.typists.set(&typing.room_id, &typing.user_id, typing.is_typing);
            self.tell_others(typing);
        }
    }

    /// Tells a room who writes, apart from their own devices.
    fn tell_others(&mut self, typing: wire::Typing) {
        let others = self.others(&typing.room_id, &typing.user_id);
        self.outputs.push_back(Output::Tell(others, Told::Typing(typing)));
    }

    /// The sockets inside a room that are other people's.
    fn others(&self, room: &str, user: &str) -> Vec<Sid> {
        let inside = self.rooms.get(room).into_iter().flat_map(|room| &room.inside).copied();
        inside.filter(|socket| self.sockets.get(socket).is_some_and(|known| known.user != user)).collect()
    }

    pub(super) fn presence(&mut self, presence: v1::Presence) {
        let Some(watcher) = self.users.get_mut(&presence.watcher_id) else { return };
        if watcher.view.set(&presence.user_id, presence.online) {
            let sockets = watcher.sockets.iter().copied().collect();
            self.outputs.push_back(Output::Tell(sockets, Told::Presence(presence.into())));
        }
    }

    /// A user's first view is told as it is, of a later one what is new.
    pub(super) fn online_users(&mut self, user: &str, online: v1::OnlineUsers) {
        let Some(known) = self.users.get_mut(user) else { return };
        let sockets: Vec<Sid> = known.sockets.iter().copied().collect();
        let first = known.view.online().is_none();
        let changes = known.view.replace(online.user_ids, online.complete);
        if first {
            self.outputs.extend(online_users(&known.view).map(|online| Output::Tell(sockets, online)));
            return;
        }
        for (user_id, online) in changes {
            self.outputs.push_back(Output::Tell(sockets.clone(), Told::Presence(wire::Presence { user_id, online })));
        }
    }

    /// Somebody read on: the room's other people hear of it.
    pub(super) fn read_state(&mut self, state: v1::ReadState) {
        if let Some(room) = self.rooms.get_mut(&state.room_id) {
            room.read.insert(state.user_id.clone(), state.last_read_seq);
        }
        let others = self.others(&state.room_id, &state.user_id);
        self.outputs.push_back(Output::Tell(others, Told::ReadState(state.into())));
    }

    /// Somebody read on: their own devices hear of it, apart from those that want to hear nothing of the room.
    pub(super) fn own_read_state(&mut self, state: v1::ReadState) {
        let mut own = self.sockets_of(&state.user_id);
        own.retain(|socket| self.sockets.get(socket).is_some_and(|known| !known.left.contains(&state.room_id)));
        self.outputs.push_back(Output::Tell(own, Told::ReadState(state.into())));
    }

    /// Where a watch starts again, the room hears of what was read while nobody watched.
    pub(super) fn catch_up_on_reading(&mut self, room_id: &str, read: HashMap<String, i64>) {
        let Some(room) = self.rooms.get_mut(room_id) else { return };
        let known = std::mem::replace(&mut room.read, read);
        let inside: Vec<Sid> = room.inside.iter().copied().collect();
        let behind = |user: &String, seq: i64| known.get(user).is_some_and(|known| *known < seq);
        let news = room.read.iter().filter(|(user, seq)| behind(user, **seq));
        for (user_id, last_read_seq) in news {
            let (room_id, user_id) = (room_id.to_owned(), user_id.clone());
            let state = wire::ReadState { room_id, user_id, last_read_seq: *last_read_seq };
            self.outputs.push_back(Output::Tell(inside.clone(), Told::ReadState(state)));
        }
    }

    /// A second went by: who does not say so again writes no more.
    pub(super) fn fall_silent(&mut self) {
        for (room_id, user_id) in self.typists.tick() {
            self.tell_others(wire::Typing { room_id, user_id, is_typing: false });
        }
    }
}

/// Who is online, once it is known.
pub(super) fn online_users(view: &View) -> Option<Told> {
    let user = |user: &str| wire::OnlineUser { user_id: user.to_owned() };
    view.online().map(|online| Told::OnlineUsers(online.map(user).collect()))
}

#[cfg(test)]
mod tests {
    use chat_proto::v1::subscribe_response::Event;

    use super::*;

    const SINCE: prost_types::Timestamp = prost_types::Timestamp { seconds: 7, nanos: 0 };

    /// A gateway with two devices of alice's and one of bob's in the lobby, who know who is online.
    struct World {
        state: State,
        alice: [Sid; 2],
        bob: Sid,
    }

    fn world() -> World {
        let mut world = World { state: State::default(), alice: [Sid::new(), Sid::new()], bob: Sid::new() };
        world.state.opened();
        for (socket, user) in [(world.alice[0], "alice"), (world.alice[1], "alice"), (world.bob, "bob")] {
            world.state.connected(socket, user, "session");
        }
        for user in ["alice", "bob"] {
            let (room_ids, session_ids) = (vec!["lobby".to_owned()], vec!["session".to_owned()]);
            world.state.hear(user_event(
                user,
                v1::user_event::Event::State(v1::UserState { room_ids, session_ids, joined_at: vec![SINCE] }),
            ));
            world.state.hear(online(user, &["carol"], true));
        }
        let members = vec!["alice".to_owned(), "bob".to_owned()];
        world.state.hear(watching(&members, vec![1, 1]));
        world.told();
        world
    }

    fn watching(members: &[String], last_read_seqs: Vec<i64>) -> Event {
        let (room_id, epoch, members) = ("lobby".to_owned(), "e".to_owned(), members.to_vec());
        Event::Watching(v1::Watching { room_id, latest_seq: 9, epoch, members, last_read_seqs })
    }

    fn user_event(user: &str, event: v1::user_event::Event) -> Event {
        Event::UserEvent(v1::UserEvent { user_id: user.to_owned(), event: Some(event) })
    }

    fn online(user: &str, others: &[&str], complete: bool) -> Event {
        let user_ids = others.iter().map(ToString::to_string).collect();
        user_event(user, v1::user_event::Event::OnlineUsers(v1::OnlineUsers { user_ids, complete }))
    }

    fn typing(user: &str, is_typing: bool) -> Event {
        Event::Typing(v1::Typing { room_id: "lobby".to_owned(), user_id: user.to_owned(), is_typing })
    }

    impl World {
        /// What sockets were told since the last time: who, and in short what.
        fn told(&mut self) -> Vec<(Sid, String)> {
            let mut all = Vec::new();
            while let Some(output) = self.state.next_output() {
                let Output::Tell(sockets, told) = output else { continue };
                let told = match told {
                    Told::Typing(typing) => format!("{} types: {}", typing.user_id, typing.is_typing),
                    Told::ReadState(state) => format!("{} read {}", state.user_id, state.last_read_seq),
                    Told::Presence(presence) => format!("{}: {}", presence.user_id, presence.online),
                    Told::Removed(room) => format!("out of {room}"),
                    Told::Joined(joined) => format!("in {} at {}", joined.room_id, joined.latest_seq),
                    Told::OnlineUsers(users) => users.into_iter().map(|user| user.user_id).collect(),
                    _ => continue,
                };
                all.extend(sockets.into_iter().map(|socket| (socket, told.clone())));
            }
            all
        }
    }

    #[test]
    fn who_writes_is_told_to_others_and_stops_by_itself() {
        let mut world = world();
        world.state.hear(typing("alice", true));
        assert_eq!(world.told(), [(world.bob, "alice types: true".to_owned())]);
        world.state.hear(typing("carol", true));
        assert!(world.told().is_empty(), "no member");
        for _ in 0..6 {
            assert!(world.told().is_empty());
            world.state.tick();
        }
        assert_eq!(world.told(), [(world.bob, "alice types: false".to_owned())]);
    }

    #[test]
    fn a_position_reaches_others_by_the_room_and_own_devices_by_the_user() {
        let mut world = world();
        let state = v1::ReadState { room_id: "lobby".to_owned(), user_id: "alice".to_owned(), last_read_seq: 3 };
        world.state.hear(Event::ReadState(state.clone()));
        assert_eq!(world.told(), [(world.bob, "alice read 3".to_owned())]);
        world.state.hear(user_event("alice", v1::user_event::Event::ReadState(state)));
        let mut own = world.told();
        own.sort();
        let mut expected = world.alice.map(|socket| (socket, "alice read 3".to_owned()));
        expected.sort();
        assert_eq!(own, expected);
    }

    #[test]
    fn what_was_read_while_nobody_watched_is_told_later() {
        let mut world = world();
        let members = ["alice".to_owned(), "bob".to_owned()];
        world.state.closed();
        world.state.opened();
        world.state.hear(watching(&members, vec![1, 4]));
        let told: Vec<_> = world.told().into_iter().map(|(_, told)| told).collect();
        assert_eq!(told, ["bob read 4", "bob read 4", "bob read 4"]);
        world.state.hear(watching(&members, vec![1, 4]));
        assert!(world.told().is_empty());
        world.state.hear(watching(&members, vec![]));
        assert!(world.told().is_empty(), "the room is too large for it now");
    }

    #[test]
    fn who_left_and_came_back_while_nobody_watched_is_told_of_both() {
        let mut world = world();
        world.state.closed();
        world.state.opened();
        let (room_ids, session_ids) = (vec!["lobby".to_owned()], vec!["session".to_owned()]);
        let joined_at = vec![prost_types::Timestamp { seconds: 8, nanos: 0 }];
        let state = v1::UserState { room_ids, session_ids, joined_at };
        world.state.hear(user_event("bob", v1::user_event::Event::State(state)));
        world.state.hear(watching(&["alice".to_owned(), "bob".to_owned()], vec![1, 1]));
        let told = ["out of lobby", "in lobby at 9"].map(|told| (world.bob, told.to_owned()));
        assert_eq!(world.told(), told);
    }

    #[test]
    fn a_device_that_left_the_room_hears_nothing_of_it() {
        let mut world = world();
        world.state.leave(world.alice[0], "lobby");
        let state = v1::ReadState { room_id: "lobby".to_owned(), user_id: "alice".to_owned(), last_read_seq: 3 };
        world.state.hear(user_event("alice", v1::user_event::Event::ReadState(state)));
        assert_eq!(world.told(), [(world.alice[1], "alice read 3".to_owned())]);
    }

    #[test]
    fn who_is_online_is_told_once_and_then_what_changes() {
        let mut world = world();
        let late = Sid::new();
        world.state.connected(late, "bob", "session");
        assert_eq!(world.told(), ["in lobby at 9", "carol"].map(|told| (late, told.to_owned())));
        world.state.disconnected(late);
        let presence = |online| {
            let (user_id, watcher_id) = ("dave".to_owned(), "bob".to_owned());
            Event::Presence(v1::Presence { user_id, online, watcher_id })
        };
        for _ in 0..2 {
            world.state.hear(presence(true));
        }
        assert_eq!(world.told(), [(world.bob, "dave: true".to_owned())]);

        // The core was started anew, and has heard of dave only.
        world.state.closed();
        world.state.opened();
        world.state.hear(online("bob", &["dave"], false));
        assert!(world.told().is_empty(), "carol may still come");
        world.state.hear(online("bob", &["dave"], true));
        assert_eq!(world.told(), [(world.bob, "carol: false".to_owned())]);
    }
}
