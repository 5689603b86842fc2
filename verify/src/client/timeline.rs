//! A client's copy of a room: complete up to a point, with what came early set aside.

use std::collections::BTreeMap;

use crate::history::Print;

/// The copy.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    /// Everything from position 1 on, without a hole.
    whole: Vec<Print>,
    /// What lies beyond a hole.
    early: BTreeMap<i64, Print>,
    /// The newest position that is known of.
    newest: i64,
}

impl Timeline {
    /// The last position without a hole before it.
    pub(super) fn position(&self) -> i64 {
        i64::try_from(self.whole.len()).unwrap_or(i64::MAX)
    }

    /// The newest position that is known of.
    pub(super) fn newest(&self) -> i64 {
        self.newest
    }

    /// Everything from position 1 on.
    pub(super) fn whole(&self) -> &[Print] {
        &self.whole
    }

    /// There are messages up to here.
    pub(super) fn extends_to(&mut self, seq: i64) {
        self.newest = self.newest.max(seq);
    }

    /// A message, however it came; one that is known already changes nothing.
    pub(super) fn learn(&mut self, seq: i64, print: Print) {
        self.extends_to(seq);
        if seq > self.position() {
            self.early.insert(seq, print);
        }
        while let Some(print) = self.early.remove(&(self.position() + 1)) {
            self.whole.push(print);
        }
    }

    /// Whether something is missing.
    pub(super) fn has_hole(&self) -> bool {
        self.position() < self.newest
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_the_order_and_the_repeats_it_is_whole_up_to_the_first_hole(
            seqs in prop::collection::vec(1..30_i64, 0..80),
        ) {
            let mut timeline = Timeline::default();
            for seq in &seqs {
                timeline.learn(*seq, Print(seq.cast_unsigned()));
            }
            let position = (1..).take_while(|seq| seqs.contains(seq)).count();
            let whole: Vec<Print> = (1..=position).map(|seq| Print(seq as u64)).collect();
            prop_assert_eq!(timeline.whole(), &whole[..]);
            prop_assert_eq!(timeline.has_hole(), seqs.iter().any(|seq| *seq > timeline.position()));
        }
    }
}
