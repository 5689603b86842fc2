//! What a run comes to, for people and as JSON.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::Serialize;

use crate::check::{self, Breach, Invariant};
use crate::history::History;
use crate::recorder::{Recorder, Tally};

/// The report of a run.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Repeats its faults.
    seed: u64,
    /// How long it took.
    seconds: f64,
    /// What clients did and heard.
    tally: Tally,
    /// What clients did on purpose, by kind.
    deeds: BTreeMap<&'static str, u64>,
    /// What went wrong on purpose, by kind.
    faults: BTreeMap<&'static str, u64>,
    /// What was checked, how often.
    invariants: Vec<Checked>,
    /// What did not hold.
    breaches: Vec<Found>,
    /// Answers that were not as the contract has them.
    violations: Vec<String>,
}

/// An invariant with its counts.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Checked {
    invariant: char,
    title: &'static str,
    checked: u64,
    breached: u64,
}

/// A breach, in words.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Found {
    invariant: char,
    title: &'static str,
    what: String,
    /// When the record had all of it.
    shown_after_seconds: f64,
    /// The shortest piece of the record that shows it.
    evidence: Vec<String>,
}

impl Report {
    /// Puts it together.
    pub(crate) fn new(
        seed: u64,
        took: Duration,
        recorder: &Recorder,
        faults: BTreeMap<&'static str, u64>,
        history: &History,
        verdict: &check::Report,
    ) -> Self {
        Self {
            seed,
            seconds: took.as_secs_f64(),
            tally: recorder.tally(),
            deeds: recorder.deeds(),
            faults,
            invariants: Checked::all(verdict),
            breaches: verdict.breaches.iter().map(|breach| Found::new(breach, history)).collect(),
            violations: recorder.violations(),
        }
    }

    /// Whether everything held.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.breaches.is_empty() && self.violations.is_empty()
    }

    /// Writes it as JSON. Errors: the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let json = serde_json::to_string_pretty(self)?;
        fs::write(path, json + "\n").with_context(|| format!("cannot write {}", path.display()))
    }

    /// For people.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        // Writing into a string does not fail.
        let _ = self.write_text(&mut text);
        text
    }

    fn write_text(&self, text: &mut String) -> fmt::Result {
        let Tally { tries, accepted, duplicates, rejected, retries, live, pages, connections, departures } = self.tally;
        writeln!(
            text,
            "\nsends        {tries} tries: {accepted} accepted, {duplicates} duplicates, {rejected} rejected, {retries} to be tried again"
        )?;
        writeln!(text, "received     {live} live, {pages} pages")?;
        writeln!(text, "connections  {connections}, departures from rooms {departures}")?;
        for (title, counts) in [("\nclients did", &self.deeds), ("\nwhat went wrong", &self.faults)] {
            writeln!(text, "{title}")?;
            for (kind, count) in counts {
                writeln!(text, "  {count:>8}  {kind}")?;
            }
        }
        writeln!(text, "\n   checked  breaches")?;
        for Checked { invariant, title, checked, breached } in &self.invariants {
            writeln!(text, "{checked:>10}  {breached:>8}  ({invariant}) {title}")?;
        }
        for violation in &self.violations {
            writeln!(text, "\nnot as the contract has it: {violation}")?;
        }
        for breach in &self.breaches {
            writeln!(text, "\n{breach}")?;
        }
        let verdict = if self.is_clean() { "everything held" } else { "the promise was broken" };
        writeln!(text, "\n{verdict}; seed {}, {:.1} s", self.seed, self.seconds)
    }
}

impl Checked {
    /// What a verdict checked of each invariant.
    pub(crate) fn all(verdict: &check::Report) -> Vec<Self> {
        let checked = Invariant::ALL.iter().map(|invariant| Self {
            invariant: invariant.letter(),
            title: invariant.title(),
            checked: verdict.checked(*invariant),
            breached: verdict.breached(*invariant),
        });
        checked.collect()
    }

    /// How often it was checked.
    pub(crate) fn count(&self) -> u64 {
        self.checked
    }
}

impl Found {
    /// Puts it into words.
    pub(crate) fn new(breach: &Breach, history: &History) -> Self {
        // What the logs alone show is shown by the end.
        let shown = breach.evidence.last().and_then(|index| history.entries.get(*index)).or(history.entries.last());
        Self {
            invariant: breach.invariant.letter(),
            title: breach.invariant.title(),
            what: breach.what.clone(),
            shown_after_seconds: shown.map(|entry| entry.at.as_secs_f64()).unwrap_or_default(),
            evidence: check::evidence(history, breach),
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "({}) {}: {}", self.invariant, self.title, self.what)?;
        self.evidence.iter().try_for_each(|line| write!(formatter, "\n    {line}"))
    }
}

/// A line for whoever started us.
#[expect(clippy::print_stdout, reason = "what the program is for")]
pub fn say(line: &str) {
    println!("{line}");
}
