//! What clients do, good and bad, by the dice.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::{Actor, Done, Letter};
use crate::history::{Event, Room};

/// Messages whose ids are used again, with other texts, at most.
const RECENT: usize = 16;

/// Messages without an answer at which a client writes no more.
const BACKLOG: usize = 300;

/// Code points that texts are made of: of one to four bytes, with some that careless code stumbles over.
const LETTERS: [char; 16] =
    ['a', 'e', 'n', 't', ' ', '\n', '\\', '"', '<', '\'', 'ß', 'é', '語', '한', '\u{200d}', '😀'];

/// Messages of one's own that are known to be stored.
#[derive(Debug, Default)]
pub(super) struct Recent(VecDeque<Letter>);

impl Recent {
    pub(super) fn keep(&mut self, letter: Letter) {
        if self.0.len() == RECENT {
            self.0.pop_front();
        }
        self.0.push_back(letter);
    }
}

/// Something to do, and how often of a thousand times.
type Deed = (u32, &'static str, fn(&mut Actor));

const DEEDS: [Deed; 11] = [
    (620, "message", |actor| actor.write(1)),
    (70, "burst", |actor| {
        let count = actor.setup.rng.usize(10..60);
        actor.write(count);
    }),
    (90, "repeat over two connections", Actor::write_twice),
    (40, "hang-up", Actor::hang_up),
    (40, "reading stopped", Actor::stop_reading),
    (20, "departure and return", |actor| actor.go_and_return(Going::Leaves)),
    (20, "removal and return", |actor| actor.go_and_return(Going::IsRemoved)),
    (20, "id used for another text", Actor::contradict),
    (30, "cursor ahead", |actor| actor.ask_beyond()),
    (40, "history read again", Actor::read_again),
    (20, "second connection dropped", |actor| {
        if let Some(link) = actor.side.take() {
            actor.outbox.lost(link.socket);
        }
    }),
];

/// How a membership ends.
#[derive(Clone, Copy, Debug)]
enum Going {
    Leaves,
    /// By the rooms' owner.
    IsRemoved,
}

impl Actor {
    pub(super) fn do_something(&mut self) {
        let total = DEEDS.iter().map(|(weight, ..)| weight).sum();
        let mut dice = self.setup.rng.u32(0..total);
        for (weight, name, deed) in DEEDS {
            if dice < weight {
                self.setup.opener.recorder.count(name);
                return deed(self);
            }
            dice -= weight;
        }
    }

    /// Writes some more, unless too much of what was written waits for an answer: people do not write on for minutes
    /// either.
    fn write(&mut self, count: usize) {
        for _ in 0..count.min(BACKLOG.saturating_sub(self.outbox.len())) {
            let letter = self.letter();
            self.outbox.push(letter);
        }
    }

    /// A new message, into any room, also one that it has just left.
    fn letter(&mut self) -> Letter {
        let room = self.any_room();
        Letter::new(room, self.text())
    }

    fn any_room(&mut self) -> Room {
        self.setup.rng.choice(self.setup.rooms.iter()).copied().unwrap_or(Room(0))
    }

    fn text(&mut self) -> Arc<str> {
        let rng = &mut self.setup.rng;
        let length = if rng.u32(0..100) == 0 { 7_998 } else { rng.usize(0..120) };
        // White space at the ends is cut off before it is stored, so that it begins and ends with something else.
        let middle = (0..length).map(|_| LETTERS[rng.usize(0..LETTERS.len())]);
        let text: String = [' ', 'x'].into_iter().chain(middle).chain(['.', '\t']).collect();
        text.into()
    }

    /// The same message over both connections at once.
    fn write_twice(&mut self) {
        let letter = self.letter();
        match &self.side {
            Some(side) => {
                side.send(letter.room, letter.id, letter.text.clone());
            }
            // The next ones will find it.
            None => self.open(true),
        }
        self.outbox.push(letter);
    }

    fn stop_reading(&mut self) {
        let rng = &mut self.setup.rng;
        let pause = if rng.u32(0..4) == 0 { rng.u64(4_000..11_000) } else { rng.u64(100..2_500) };
        let Some(link) = &self.main else { return };
        link.read(false);
        let socket = link.socket;
        self.begin(async move {
            sleep(Duration::from_millis(pause)).await;
            Done::Refreshed(socket)
        });
    }

    fn go_and_return(&mut self, going: Going) {
        let room = self.any_room();
        // One room at a time, so that there is always somebody to talk to.
        if !self.away.is_empty() {
            return;
        }
        self.away.insert(room);
        let (person, host, opener) = (self.setup.person.clone(), self.setup.host.clone(), self.setup.opener.clone());
        let pause = Duration::from_millis(self.setup.rng.u64(0..1_500));
        self.begin(async move {
            let name = opener.names.name(room).to_owned();
            let (recorder, client) = (opener.recorder, opener.client);
            let returned = async {
                match going {
                    Going::Leaves => person.leave(&name).await?,
                    Going::IsRemoved => host.remove(&person, &name).await?,
                }
                recorder.record(Event::Left { client, room });
                sleep(pause).await;
                let entering = || {
                    recorder.record(Event::Entering { client, room });
                };
                host.let_in(&person, &name, entering).await
            };
            Done::Returned(room, returned.await)
        });
    }

    /// An id that is stored with one text, sent with another: to be refused.
    fn contradict(&mut self) {
        let Some(letter) = self.setup.rng.choice(self.recent.0.iter()).cloned() else { return };
        let text = self.text();
        if let Some(link) = &self.main {
            link.send(letter.room, letter.id, text);
        }
    }

    /// A position that the room has not reached: to be refused.
    fn ask_beyond(&mut self) {
        let room = self.any_room();
        let beyond = self.timeline(room).newest() + 1_000_000;
        self.ask(room, beyond, 10);
    }

    fn read_again(&mut self) {
        let room = self.any_room();
        let newest = self.timeline(room).newest();
        let (after, limit) = (self.setup.rng.i64(0..=newest), self.setup.rng.u32(1..=500));
        self.ask(room, after, limit);
    }

    /// Whether what was just acknowledged can be read: now and then.
    pub(super) fn read_back(&mut self, room: Room, seq: i64) {
        if self.setup.rng.u32(0..8) == 0 {
            self.ask(room, seq - 1, 1);
        }
    }

    fn ask(&mut self, room: Room, after: i64, limit: u32) {
        let Some(link) = &self.main else { return };
        let page = link.page(room, after, limit);
        self.begin(async move {
            // The record has the answer.
            let _ = page.await;
            Done::Asked
        });
    }
}
