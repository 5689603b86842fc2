//! Faults that can be planted in the core and the gateway, one at a time and by name, so that a checker can be shown
//! to find them. Each stands at its place in their code as an `if` on [`planted`] or [`strikes`], which the compiler
//! removes unless the feature `planted` is on.
//!
//! The name comes from the environment variable `CHAT_SABOTAGE`, which both processes read at their start.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

#[cfg(all(feature = "planted", not(debug_assertions)))]
compile_error!("faults can be planted in debug builds only: nobody runs a release that loses messages on purpose");

/// The environment variable that names the fault.
pub const VARIABLE: &str = "CHAT_SABOTAGE";

/// A fault, and where it is: the first ones in the core, those from [`Fault::DropWhenFull`] on in the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// Sends are answered before their batch is committed, on a disk that takes a while for that.
    AckBeforeCommit,
    /// A batch is undone, but answered and told as if it were committed.
    LoseCommit,
    /// A message takes the position after the next one.
    SkipSeq,
    /// The idempotency key is not looked up, and no index enforces it.
    ForgetDedupe,
    /// A duplicate is answered with a fresh id and the room's newest position.
    DuplicateAsNew,
    /// A send of somebody who is no member is refused, and stored all the same.
    StoreStrangers,
    /// A send whose key has other content is refused, but overwrites the first content.
    OverwriteOnConflict,
    /// What a watch replays begins one position too late.
    ReplayOffByOne,
    /// A page begins one position too late.
    PageOffByOne,
    /// A page says that nothing newer exists, although it does.
    PageEndsEarly,
    /// A cursor beyond the newest message is answered with an empty page.
    AcceptStaleCursor,
    /// A message's live event is lost between commit and fan-out.
    LoseEvent,
    /// Neither the room's nor the member's stream is told that somebody left.
    DeliverToRemoved,
    /// Each start begins a new epoch.
    NewEpoch,
    /// The jobs of a batch are stored backwards.
    ReorderBatch,
    /// A socket whose buffer is full loses the packet and stays connected; the buffer is small.
    DropWhenFull,
    /// After a cut, rooms are watched from wherever they are by then, and nobody inside is told.
    ForgetCursor,
    /// Two sends change places on their way to the core.
    SwapSends,
    /// A live message is handed on after the next one of its room.
    SwapDeliveries,
    /// What has no answer when the stream of sends breaks is sent again as another message.
    RetryAsNew,
    /// A send that runs out of time, which is short, is answered as stored.
    AcceptUnanswered,
    /// `room_joined` names a position below the one from which messages arrive live.
    JoinTooLow,
    /// Some messages are never answered, however often they are sent.
    SwallowAnswer,
}

/// A name that no fault has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownFault(String);

impl Fault {
    /// All of them.
    pub const ALL: [Self; 23] = [
        Self::AckBeforeCommit,
        Self::LoseCommit,
        Self::SkipSeq,
        Self::ForgetDedupe,
        Self::DuplicateAsNew,
        Self::StoreStrangers,
        Self::OverwriteOnConflict,
        Self::ReplayOffByOne,
        Self::PageOffByOne,
        Self::PageEndsEarly,
        Self::AcceptStaleCursor,
        Self::LoseEvent,
        Self::DeliverToRemoved,
        Self::NewEpoch,
        Self::ReorderBatch,
        Self::DropWhenFull,
        Self::ForgetCursor,
        Self::SwapSends,
        Self::SwapDeliveries,
        Self::RetryAsNew,
        Self::AcceptUnanswered,
        Self::JoinTooLow,
        Self::SwallowAnswer,
    ];

    /// What `CHAT_SABOTAGE` calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AckBeforeCommit => "ack-before-commit",
            Self::LoseCommit => "lose-commit",
            Self::SkipSeq => "skip-seq",
            Self::ForgetDedupe => "forget-dedupe",
            Self::DuplicateAsNew => "duplicate-as-new",
            Self::StoreStrangers => "store-strangers",
            Self::OverwriteOnConflict => "overwrite-on-conflict",
            Self::ReplayOffByOne => "replay-off-by-one",
            Self::PageOffByOne => "page-off-by-one",
            Self::PageEndsEarly => "page-ends-early",
            Self::AcceptStaleCursor => "accept-stale-cursor",
            Self::LoseEvent => "lose-event",
            Self::DeliverToRemoved => "deliver-to-removed",
            Self::NewEpoch => "new-epoch",
            Self::ReorderBatch => "reorder-batch",
            Self::DropWhenFull => "drop-when-full",
            Self::ForgetCursor => "forget-cursor",
            Self::SwapSends => "swap-sends",
            Self::SwapDeliveries => "swap-deliveries",
            Self::RetryAsNew => "retry-as-new",
            Self::AcceptUnanswered => "accept-unanswered",
            Self::JoinTooLow => "join-too-low",
            Self::SwallowAnswer => "swallow-answer",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(name: &str) -> Result<Self, UnknownFault> {
        let found = Self::ALL.into_iter().find(|fault| fault.name() == name);
        found.ok_or_else(|| UnknownFault(name.to_owned()))
    }
}

impl fmt::Display for UnknownFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = Fault::ALL.map(Fault::name).join(", ");
        write!(formatter, "no fault is called '{}'; there are {known}", self.0)
    }
}

impl std::error::Error for UnknownFault {}

/// The fault of this process; none without the feature, whatever the environment says. For the start, which refuses a
/// wrong name and logs a right one.
///
/// Errors: the environment names a fault that there is not.
pub fn chosen() -> Result<Option<Fault>, String> {
    if cfg!(feature = "planted") { choice().clone() } else { Ok(None) }
}

/// Whether this process has the fault.
#[inline]
#[must_use]
pub fn planted(fault: Fault) -> bool {
    cfg!(feature = "planted") && *choice() == Ok(Some(fault))
}

/// Whether this process has the fault, and it is time for it: at each call whose number `every` divides.
#[inline]
#[must_use]
pub fn strikes(fault: Fault, every: u64) -> bool {
    static CALLS: AtomicU64 = AtomicU64::new(1);
    planted(fault) && CALLS.fetch_add(1, Ordering::Relaxed).is_multiple_of(every)
}

/// What the environment says, as it was when it was first asked.
fn choice() -> &'static Result<Option<Fault>, String> {
    static CHOICE: OnceLock<Result<Option<Fault>, String>> = OnceLock::new();
    CHOICE.get_or_init(|| match std::env::var_os(VARIABLE) {
        Some(name) => parse(&name.to_string_lossy()).map(Some),
        None => Ok(None),
    })
}

fn parse(name: &str) -> Result<Fault, String> {
    name.parse().map_err(|unknown: UnknownFault| format!("{VARIABLE}: {unknown}"))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_fault_is_listed_once_and_found_by_its_name() {
        for (index, fault) in Fault::ALL.into_iter().enumerate() {
            assert_eq!(fault as usize, index, "{fault}");
            assert_eq!(fault.name().parse(), Ok(fault));
            // The name is the variant's.
            assert_eq!(fault.name().replace('-', ""), format!("{fault:?}").to_lowercase());
        }
        assert_eq!(Fault::ALL.into_iter().map(Fault::name).collect::<HashSet<_>>().len(), Fault::ALL.len());
        assert_eq!(Fault::ALL.last(), Some(&Fault::SwallowAnswer), "the last variant is the last in the list");
    }

    #[test]
    fn a_wrong_name_is_told_with_the_right_ones() {
        let told = parse("lose-comit").unwrap_err();
        assert!(told.starts_with("CHAT_SABOTAGE: no fault is called 'lose-comit'"), "{told}");
        assert!(told.contains("lose-commit") && !told.contains('\n'), "{told}");
    }

    #[test]
    fn nothing_is_planted_that_was_not_asked_for() {
        let hit = Fault::ALL.into_iter().filter(|fault| planted(*fault) || strikes(*fault, 1));
        assert_eq!(hit.collect::<Vec<_>>(), chosen().unwrap().into_iter().collect::<Vec<_>>());
    }
}
