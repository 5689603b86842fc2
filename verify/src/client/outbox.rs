//! What a client has written and knows no answer to: kept until there is one, sent again under the same id.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use crate::history::{Room, Socket};
use crate::link::Link;

/// Sends without an answer at a time at most.
const IN_FLIGHT: usize = 256;

/// How long an answer is waited for before the message is sent again: longer than a gateway tries.
const PATIENCE: Duration = Duration::from_secs(8);

/// The messages, the oldest first.
#[derive(Debug)]
pub(super) struct Outbox {
    letters: VecDeque<Letter>,
    /// Sends without an answer at a time right now: half as many after each that was put off, one more after each that
    /// was answered.
    window: usize,
}

impl Default for Outbox {
    fn default() -> Self {
        Self { letters: VecDeque::new(), window: IN_FLIGHT }
    }
}

/// A message on its way.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    pub(super) room: Room,
    pub(super) id: Uuid,
    pub(super) text: Arc<str>,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    /// To be sent, not before.
    Waiting(Instant),
    /// Written to a connection at a time.
    Sent(Socket, Instant),
}

impl Letter {
    pub(super) fn new(room: Room, text: Arc<str>) -> Self {
        Self { room, id: Uuid::now_v7(), text, state: State::Waiting(Instant::now()) }
    }
}

impl Outbox {
    pub(super) fn push(&mut self, letter: Letter) {
        self.letters.push_back(letter);
    }

    pub(super) fn len(&self) -> usize {
        self.letters.len()
    }

    pub(super) fn letters(&self) -> impl Iterator<Item = &Letter> {
        self.letters.iter()
    }

    /// Writes whatever is due, in order. A message that has to wait holds up its room.
    pub(super) fn send(&mut self, link: &Link) {
        let now = Instant::now();
        let mut in_flight = self.letters.iter().filter(|letter| matches!(letter.state, State::Sent(..))).count();
        let mut held = HashSet::new();
        for letter in &mut self.letters {
            match letter.state {
                State::Sent(_, at) if now < at + PATIENCE => continue,
                State::Sent(..) => in_flight -= 1,
                State::Waiting(due) if due > now => {
                    held.insert(letter.room);
                }
                State::Waiting(_) => {}
            }
            if in_flight >= self.window || held.contains(&letter.room) {
                continue;
            }
            if !link.send(letter.room, letter.id, letter.text.clone()) {
                return;
            }
            letter.state = State::Sent(link.socket, now);
            in_flight += 1;
        }
    }

    /// A connection is gone: what was sent on it has to be sent again.
    pub(super) fn lost(&mut self, socket: Socket) {
        for letter in &mut self.letters {
            if matches!(letter.state, State::Sent(on, _) if on == socket) {
                letter.state = State::Waiting(Instant::now());
            }
        }
    }

    /// A message is to be tried again after a pause.
    pub(super) fn postpone(&mut self, room: Room, id: Uuid, pause: Duration) {
        self.window = (self.window / 2).max(1);
        if let Some(letter) = self.letters.iter_mut().find(|letter| letter.room == room && letter.id == id) {
            letter.state = State::Waiting(Instant::now() + pause);
        }
    }

    /// A message was answered for good. It may have been answered before, over another connection.
    pub(super) fn settle(&mut self, room: Room, id: Uuid) -> Option<Letter> {
        let index = self.letters.iter().position(|letter| letter.room == room && letter.id == id)?;
        self.window = (self.window + 1).min(IN_FLIGHT);
        self.letters.remove(index)
    }
}
