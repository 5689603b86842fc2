//! Random lives of a few rooms, restarts included, next to a model of what the contract says about them.

use std::collections::HashMap;

use chat_proto::v1;
use chat_proto::v1::subscribe_response::Event;
use proptest::prelude::*;
use tonic::Status;

use crate::harness::{ACCEPTED, Caller, DUPLICATE, Server, Subscription, assert_gapless, code};

const USERS: [&str; 3] = ["alice", "bob", "carol"];
const ROOMS: [&str; 2] = ["den", "hall"];
/// Few, so that they are used again: by others, elsewhere, with the same text and with another.
const IDS: [&str; 3] = [
    "00000000-0000-4000-8000-000000000001",
    "00000000-0000-4000-8000-000000000002",
    "00000000-0000-4000-8000-00000000000a",
];

#[derive(Clone, Debug)]
enum Step {
    Send { user: usize, room: usize, id: usize, text: u8 },
    Bring { by: usize, room: usize, user: usize },
    Leave { user: usize, room: usize },
    Kick { by: usize, room: usize, user: usize },
    Read { user: usize, room: usize, seq: i64 },
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (user, room) = (0..USERS.len(), 0..ROOMS.len());
    let step = prop_oneof![
        12 => (user.clone(), room.clone(), 0..IDS.len(), 0..2u8)
            .prop_map(|(user, room, id, text)| Step::Send { user, room, id, text }),
        4 => (user.clone(), room.clone(), user.clone()).prop_map(|(by, room, user)| Step::Bring { by, room, user }),
        2 => (user.clone(), room.clone()).prop_map(|(user, room)| Step::Leave { user, room }),
        2 => (user.clone(), room.clone(), user.clone()).prop_map(|(by, room, user)| Step::Kick { by, room, user }),
        4 => (user, room, 0..6i64).prop_map(|(user, room, seq)| Step::Read { user, room, seq }),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 1..50)
}

/// What a room must be.
#[derive(Default)]
struct Room {
    /// The longest-standing first, who is the owner.
    members: Vec<usize>,
    /// How far each member has read.
    read: HashMap<usize, i64>,
    /// Author, index of the id, and text, in order.
    log: Vec<(usize, usize, u8)>,
    /// What a watcher since the last start must have been told.
    told: Vec<Told>,
}

#[derive(Debug, PartialEq)]
enum Told {
    Message(i64),
    Joined(String),
    Left(String),
    Read(String, i64),
}

/// The system beside its model.
struct World {
    server: Server,
    tokens: HashMap<&'static str, String>,
    rooms: [Room; 2],
    watchers: Vec<Subscription>,
}

impl World {
    async fn new() -> Self {
        let server = Server::start().await;
        let mut tokens = HashMap::new();
        for user in USERS {
            tokens.insert(user, server.sign_up(user).await.token());
        }
        let mut world = Self { server, tokens, rooms: Default::default(), watchers: Vec::new() };
        for (index, room) in ROOMS.into_iter().enumerate() {
            world.user(0).creates(room).await;
            world.rooms[index].members.push(0);
        }
        world.watch().await;
        world
    }

    fn user(&self, user: usize) -> Caller {
        self.server.holder(USERS[user], &self.tokens[USERS[user]])
    }

    async fn watch(&mut self) {
        for (index, name) in ROOMS.into_iter().enumerate() {
            let room = &mut self.rooms[index];
            room.told.clear();
            let latest = room.log.len() as i64;
            let (watcher, watching) = self.server.service().watches(name, Some(latest)).await;
            assert_eq!(watching.latest_seq, latest);
            let mut members: Vec<_> = room.members.iter().map(|user| USERS[*user]).collect();
            let mut told = watching.members;
            members.sort_unstable();
            told.sort_unstable();
            assert_eq!(told, members);
            self.watchers.push(watcher);
        }
    }

    async fn take(mut self, step: &Step) -> Self {
        match *step {
            Step::Send { user, room, id, text } => self.send(user, room, id, text).await,
            Step::Bring { by, room, user } => self.bring(by, room, user).await,
            Step::Leave { user, room } => {
                let outcome = self.user(user).leaves(ROOMS[room]).await;
                let room = &mut self.rooms[room];
                match room.members.iter().find(|member| **member == user) {
                    None => assert_refused(outcome, "not_a_member"),
                    Some(_) => {
                        outcome.unwrap();
                        room.lose(user);
                    }
                }
            }
            Step::Kick { by, room, user } => self.kick(by, room, user).await,
            Step::Read { user, room, seq } => self.read(user, room, seq).await,
            Step::Restart => {
                self.check().await;
                self.watchers.clear();
                self.server = self.server.stop().await.start().await;
                self.watch().await;
            }
        }
        self
    }

    async fn send(&mut self, user: usize, room: usize, id: usize, text: u8) {
        let outcome = self.user(user).sends(ROOMS[room], IDS[id], &text.to_string()).await;
        let room = &mut self.rooms[room];
        let earlier = room.log.iter().position(|(author, of, _)| (*author, *of) == (user, id));
        // Who has left is told of what they sent before.
        if earlier.is_none() && !room.members.contains(&user) {
            return assert_refused(outcome, "not_a_member");
        }
        if earlier.is_some_and(|index| room.log[index].2 != text) {
            return assert_refused(outcome, "idempotency_conflict");
        }
        let (status, seq) = match earlier {
            Some(index) => (DUPLICATE, index as i64 + 1),
            None => {
                room.log.push((user, id, text));
                let seq = room.log.len() as i64;
                room.told.push(Told::Message(seq));
                (ACCEPTED, seq)
            }
        };
        let answer = outcome.unwrap();
        assert_eq!((answer.status(), answer.message.unwrap().seq), (status, seq));
    }

    async fn bring(&mut self, by: usize, room: usize, user: usize) {
        let outcome = self.user(by).invites(ROOMS[room], USERS[user]).await;
        let guest = self.user(user);
        let room = &mut self.rooms[room];
        if !room.members.contains(&by) {
            return assert_refused(outcome, "not_a_member");
        }
        if room.members.contains(&user) {
            return assert_refused(outcome, "failed_precondition");
        }
        guest.accepts(&outcome.unwrap().invite.unwrap().id).await.unwrap();
        room.members.push(user);
        room.told.push(Told::Joined(USERS[user].to_owned()));
    }

    async fn kick(&mut self, by: usize, room: usize, user: usize) {
        let request = v1::RemoveMemberRequest { room_id: ROOMS[room].to_owned(), user_id: USERS[user].to_owned() };
        let outcome = self.user(by).social().remove_member(request).await;
        let room = &mut self.rooms[room];
        if !room.members.contains(&by) {
            assert_refused(outcome, "not_a_member");
        } else if room.members[0] != by {
            assert_refused(outcome, "forbidden");
        } else if by == user {
            assert_refused(outcome, "failed_precondition");
        } else if !room.members.contains(&user) {
            assert_refused(outcome, "not_found");
        } else {
            outcome.unwrap();
            room.lose(user);
        }
    }

    async fn read(&mut self, user: usize, room: usize, seq: i64) {
        let request = v1::MarkReadRequest { room_id: ROOMS[room].to_owned(), seq: Some(seq) };
        let outcome = self.user(user).social().mark_read(request).await;
        let room = &mut self.rooms[room];
        if !room.members.contains(&user) {
            return assert_refused(outcome, "not_a_member");
        }
        if !(1..=room.log.len() as i64).contains(&seq) {
            return assert_refused(outcome, "invalid_argument");
        }
        let position = room.read.entry(user).or_default();
        if seq > *position {
            *position = seq;
            room.told.push(Told::Read(USERS[user].to_owned(), seq));
        }
        assert_eq!(outcome.unwrap().into_inner().last_read_seq, *position);
    }

    /// Compares everything that can be seen with the model.
    async fn check(&mut self) {
        for (index, name) in ROOMS.into_iter().enumerate() {
            let told = self.told(index).await;
            let room = &self.rooms[index];
            assert_eq!(told, room.told);
            for user in 0..USERS.len() {
                let caller = self.user(user);
                if !room.members.contains(&user) {
                    assert_refused(caller.resyncs(name, 0, 1).await, "not_a_member");
                    assert!(caller.rooms().await.iter().all(|room| room.room_id != *name));
                    continue;
                }
                check_log(&caller.reads(name).await, &room.log);
                let rooms = caller.rooms().await;
                let listed = rooms.iter().find(|room| room.room_id == *name).unwrap();
                let position = room.read.get(&user).copied().unwrap_or_default();
                let beyond = room.log[position as usize..].iter();
                let unread = beyond.filter(|(author, ..)| *author != user).count();
                assert_eq!((listed.latest_seq, listed.unread_count), (room.log.len() as i64, unread as i64));
                assert_eq!(listed.last_read_seq, position);
                check_members(&caller.members(name).await.unwrap(), &room.members);
            }
        }
    }

    async fn told(&mut self, room: usize) -> Vec<Told> {
        let mut told = Vec::new();
        while told.len() < self.rooms[room].told.len() {
            told.push(match self.watchers[room].next().await {
                Event::Message(message) => Told::Message(message.seq),
                Event::MemberJoined(joined) => Told::Joined(joined.user_id),
                Event::MemberLeft(left) => Told::Left(left.user_id),
                Event::ReadState(read) => Told::Read(read.user_id, read.last_read_seq),
                other => panic!("{other:?}"),
            });
        }
        told
    }
}

impl Room {
    /// Somebody is no member any more.
    fn lose(&mut self, user: usize) {
        self.members.retain(|member| *member != user);
        self.read.remove(&user);
        self.told.push(Told::Left(USERS[user].to_owned()));
    }
}

fn check_members(members: &[v1::Member], expected: &[usize]) {
    let listed: Vec<_> = members.iter().map(|member| &*member.user_id).collect();
    assert_eq!(listed, expected.iter().map(|user| USERS[*user]).collect::<Vec<_>>());
    let owners: Vec<_> = members.iter().map(|member| member.role() == v1::Role::Owner).collect();
    assert_eq!(owners.iter().position(|owner| *owner), Some(0));
    assert_eq!(owners.iter().filter(|owner| **owner).count(), 1);
}

fn check_log(log: &[v1::Message], expected: &[(usize, usize, u8)]) {
    assert_gapless(log, 1);
    let read: Vec<_> =
        log.iter().map(|message| (&*message.user_id, &*message.client_msg_id, message.text.clone())).collect();
    let expected: Vec<_> = expected.iter().map(|(user, id, text)| (USERS[*user], IDS[*id], text.to_string())).collect();
    assert_eq!(read, expected);
}

fn assert_refused<T: std::fmt::Debug>(outcome: Result<T, Status>, expected: &str) {
    assert_eq!(code(&outcome.unwrap_err()), expected);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, max_shrink_iters: 40, ..ProptestConfig::default() })]

    #[test]
    fn the_log_is_what_the_model_says(steps in steps()) {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let mut world = World::new().await;
            for step in &steps {
                world = world.take(step).await;
            }
            world.check().await;
        });
    }
}
