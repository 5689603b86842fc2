//! The judge against right histories, in which it finds nothing, and against the same ones damaged, in each of which it
//! finds what was done. Whatever it finds, it shows by the shortest piece of the record.

mod damage;
mod places;
mod rules;
mod world;

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::history::{Entry, Event, Index};
use damage::DAMAGES;
use world::{World, steps};

/// A history of some of the entries. A page whose question is left out refers to nothing.
pub(crate) fn restricted(history: &History, kept: &[Index]) -> History {
    let place = |old: Index| kept.iter().position(|index| *index == old).unwrap_or(Index::MAX);
    let entries = kept.iter().map(|index| {
        let mut entry: Entry = history.entries[*index].clone();
        if let Event::Paged { asked, .. } | Event::PageRefused { asked, .. } = &mut entry.event {
            *asked = place(*asked);
        }
        entry
    });
    History { clients: history.clients.clone(), rooms: history.rooms.clone(), entries: entries.collect() }
}

/// Whether it is found in a history of nothing but these entries.
fn is_shown_by(history: &History, breach: &Breach, entries: &[Index]) -> bool {
    let found = check(&restricted(history, entries)).breaches;
    found.iter().any(|found| (found.invariant, &found.what) == (breach.invariant, &breach.what))
}

/// Its evidence shows a breach, and no part of the evidence does.
fn is_shortest(history: &History, breach: &Breach) -> Result<(), TestCaseError> {
    let (shown_by, text) = (&breach.evidence, evidence(history, breach).join("\n"));
    prop_assert!(shown_by.is_sorted(), "{breach:?}");
    // Where nearly nothing was sent, nearly everything in the logs was sent by nobody, and not all of that is kept.
    let crowded = check(&restricted(history, shown_by)).breached(breach.invariant) > 10;
    prop_assert!(is_shown_by(history, breach, shown_by) || crowded, "not shown: {}\n{text}", breach.what);
    for index in shown_by {
        let rest: Vec<_> = shown_by.iter().copied().filter(|other| other != index).collect();
        prop_assert!(!is_shown_by(history, breach, &rest), "#{index} is not needed: {}\n{text}", breach.what);
    }
    Ok(())
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn a_right_history_has_no_breach_and_every_invariant_is_checked(steps in steps()) {
        let report = check(&World::lives(&steps));
        prop_assert_eq!(&report.breaches, &[]);
        for invariant in Invariant::ALL {
            prop_assert!(report.checked(invariant) > 0, "{invariant:?}");
            prop_assert_eq!(report.breached(invariant), 0);
        }
    }

    #[test]
    fn what_a_right_history_begins_with_is_right(steps in steps(), end in any::<prop::sample::Index>()) {
        let history = World::lives(&steps);
        let kept: Vec<_> = (0..end.index(history.entries.len())).collect();
        // But for what nobody has sent yet, and for departures that nobody knows of yet.
        let spared = [Invariant::NothingElse, Invariant::Views];
        let report = check(&restricted(&history, &kept));
        prop_assert_eq!(report.breaches.iter().find(|breach| !spared.contains(&breach.invariant)), None);
    }
}

proptest! {
    #![proptest_config(cases(32))]

    #[test]
    fn each_damage_is_found_and_shown(steps in steps(), pick in any::<prop::sample::Index>()) {
        let history = World::lives(&steps);
        for (name, expected, damage) in DAMAGES {
            let mut damaged = history.clone();
            prop_assert!(damage(&mut damaged, pick), "nothing to damage: {name}");
            let report = check(&damaged);
            let found: BTreeSet<_> = report.breaches.iter().map(|breach| breach.invariant).collect();
            prop_assert!(found.contains(&expected), "{name}: {found:?}");
            for breach in &report.breaches {
                is_shortest(&damaged, breach)?;
            }
        }
    }
}
