//! What is judged, and the verdict.

use crate::history::{Index, Room};

/// How many breaches of one invariant are kept; all are counted.
const KEPT: u64 = 10;

/// A part of the promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Invariant {
    /// What was acknowledged is in the log.
    Acknowledged,
    /// Positions have no gap.
    Gapless,
    /// What was refused, or sent by nobody, is not in the log.
    NothingElse,
    /// Members have the whole log.
    Views,
    /// Nobody saw another order.
    OneOrder,
    /// The order of a connection's sends is kept.
    SocketOrder,
    /// Retries store nothing.
    Duplicates,
    /// Who left hears nothing new.
    Removal,
    /// What is known can be read.
    Readable,
    /// There is one history of the database.
    Epoch,
    /// Live messages come without a hole.
    Live,
    /// Pages are whole.
    Pages,
    /// Cursors ahead are refused.
    Cursors,
    /// Everything is answered in the end.
    Settled,
}

impl Invariant {
    /// All of them, in order.
    pub const ALL: [Self; 14] = [
        Self::Acknowledged,
        Self::Gapless,
        Self::NothingElse,
        Self::Views,
        Self::OneOrder,
        Self::SocketOrder,
        Self::Duplicates,
        Self::Removal,
        Self::Readable,
        Self::Epoch,
        Self::Live,
        Self::Pages,
        Self::Cursors,
        Self::Settled,
    ];

    /// `a` to `n`.
    #[must_use]
    pub fn letter(self) -> char {
        char::from(b'a' + self as u8)
    }

    /// What it says.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Acknowledged => "what was acknowledged is in the log, once and unchanged",
            Self::Gapless => "the positions of a log are 1, 2, 3 and so on",
            Self::NothingElse => "the log holds nothing that was refused and nothing that nobody sent",
            Self::Views => "each member can read the room and ends up with all of it",
            Self::OneOrder => "what anybody saw at a position is what the log has there",
            Self::SocketOrder => "the sends of one connection into one room are stored in their order",
            Self::Duplicates => "a message is stored once, and each answer names that place",
            Self::Removal => "who is no member hears nothing that began after the departure",
            Self::Readable => "what was known before a page was asked for is within its reach",
            Self::Epoch => "there is one history of the database",
            Self::Live => "live messages come in order, without a hole, up to the end",
            Self::Pages => "a page is whole, and says rightly whether there is more",
            Self::Cursors => "a cursor beyond the newest message is refused",
            Self::Settled => "every message is answered in the end",
        }
    }
}

/// Something that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// What was broken.
    pub invariant: Invariant,
    /// How, in a sentence.
    pub what: String,
    /// The entries that show it together with the final logs, ascending. A history of these alone is found to have the
    /// same breach, in the same words, and with any of them missing it is not. Where the logs alone show it there are
    /// none.
    pub evidence: Vec<Index>,
    /// Positions of the final logs that matter.
    pub log: Vec<(Room, i64)>,
}

/// The verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    checked: [u64; Invariant::ALL.len()],
    breached: [u64; Invariant::ALL.len()],
    /// What did not hold: the first few of each invariant.
    pub breaches: Vec<Breach>,
}

impl Report {
    /// How many facts were held against an invariant.
    #[must_use]
    pub fn checked(&self, invariant: Invariant) -> u64 {
        self.checked[invariant as usize]
    }

    /// How many breaches of an invariant there are, those that are not kept included.
    #[must_use]
    pub fn breached(&self, invariant: Invariant) -> u64 {
        self.breached[invariant as usize]
    }

    /// A fact is being held against an invariant.
    pub(super) fn checks(&mut self, invariant: Invariant) {
        self.checked[invariant as usize] += 1;
    }

    /// An invariant does not hold. The words are only asked for where they are kept.
    pub(super) fn breach(
        &mut self,
        invariant: Invariant,
        evidence: impl IntoIterator<Item = Index>,
        log: impl IntoIterator<Item = (Room, i64)>,
        what: impl FnOnce() -> String,
    ) {
        let count = &mut self.breached[invariant as usize];
        *count += 1;
        if *count <= KEPT {
            let mut evidence: Vec<_> = evidence.into_iter().collect();
            evidence.sort_unstable();
            evidence.dedup();
            self.breaches.push(Breach { invariant, what: what(), evidence, log: log.into_iter().collect() });
        }
    }

    /// By invariant, each in the order of finding.
    pub(super) fn sort(&mut self) {
        self.breaches.sort_by_key(|breach| breach.invariant);
    }
}
