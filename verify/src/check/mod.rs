//! The judge: what a run's record and the final logs say about the promise, as a pure function.
//!
//! It knows no time but the order of the record (see [`crate::history`]), and takes nothing for granted that a right
//! server could have done otherwise: where the record leaves room for doubt, there is no breach. Each breach comes
//! with the shortest piece of the record that shows it.

mod facts;
mod log;
mod members;
mod pages;
mod render;
mod report;
mod sends;
mod streams;
#[cfg(test)]
mod tests;

use crate::history::History;
use facts::Facts;
pub use render::evidence;
pub use report::{Breach, Invariant, Report};

/// Judges a run.
#[must_use]
pub fn check(history: &History) -> Report {
    let facts = Facts::of(history);
    let mut report = Report::default();
    log::check(&facts, &mut report);
    sends::check(&facts, &mut report);
    members::check(&facts, &mut report);
    streams::check(&facts, &mut report);
    pages::check(&facts, &mut report);
    report.sort();
    report
}
