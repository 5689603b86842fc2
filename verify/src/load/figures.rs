//! What a measurement comes to, for people and as JSON.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::Serialize;

use super::Scenario;
use super::latency::Latency;
use super::usage::Used;
use crate::report::Checked;

/// The figures of a measurement whose record shows no breach.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// What was measured, with all settings.
    #[serde(flatten)]
    scenario: Scenario,
    /// How much of what a second.
    rates: Vec<Rate>,
    /// Of what the latency is.
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_of: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<Latency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connections: Option<Connections>,
    /// What the processes took while it was measured.
    processes: Vec<Used>,
    /// What was checked on the record, how often.
    invariants: Vec<Checked>,
}

/// What a scenario has measured.
pub(super) struct Measured {
    pub(super) rates: Vec<Rate>,
    /// Of what, and how long.
    pub(super) latency: Option<(&'static str, Latency)>,
    pub(super) connections: Option<Connections>,
    pub(super) processes: Vec<Used>,
    pub(super) invariants: Vec<Checked>,
}

/// How often something happened.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rate {
    what: &'static str,
    count: u64,
    seconds: f64,
    per_second: f64,
}

/// Connections that were opened and left alone.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Connections {
    pub(super) open_at_the_end: u32,
    pub(super) memory: Vec<Memory>,
}

/// What connections take of a process's resident memory.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Memory {
    pub(super) name: String,
    pub(super) before_bytes: u64,
    pub(super) connected_bytes: u64,
    pub(super) bytes_per_connection: f64,
}

impl Rate {
    #[expect(clippy::cast_precision_loss, reason = "nobody counts so far")]
    pub(super) fn of(what: &'static str, count: u64, span: Duration) -> Self {
        let seconds = span.as_secs_f64();
        // A span without length has no rate.
        let per_second = if seconds > 0.0 { count as f64 / seconds } else { 0.0 };
        Self { what, count, seconds, per_second }
    }
}

impl Figures {
    pub(super) fn new(scenario: Scenario, measured: Measured) -> Self {
        let Measured { rates, latency, connections, processes, invariants } = measured;
        let (latency_of, latency_ms) = latency.unzip();
        Self { scenario, rates, latency_of, latency_ms, connections, processes, invariants }
    }

    /// Writes them as JSON. Errors: the file cannot be written.
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

    fn write_text(&self, text: &mut String) -> std::fmt::Result {
        for Rate { what, count, seconds, per_second } in &self.rates {
            writeln!(text, "{what:<16}{count:>12} in {seconds:.2} s{per_second:>14.0} a second")?;
        }
        if let (Some(of), Some(Latency { p50, p90, p99, p999, max })) = (self.latency_of, &self.latency_ms) {
            writeln!(text, "\n{of}, in ms")?;
            writeln!(text, "{:>12}{:>12}{:>12}{:>12}{:>12}", "p50", "p90", "p99", "p99.9", "max")?;
            writeln!(text, "{p50:>12.2}{p90:>12.2}{p99:>12.2}{p999:>12.2}{max:>12.2}")?;
        }
        if let Some(Connections { open_at_the_end, memory }) = &self.connections {
            writeln!(text, "{open_at_the_end} connections, all open at the end")?;
            for Memory { name, before_bytes, connected_bytes, bytes_per_connection } in memory {
                let (before, connected) = (mebibytes(*before_bytes), mebibytes(*connected_bytes));
                let each = bytes_per_connection / 1024.0;
                writeln!(
                    text,
                    "{name:<16}{before:>10.1} MiB before{connected:>10.1} MiB connected{each:>8.1} KiB each"
                )?;
            }
        }
        if !self.processes.is_empty() {
            writeln!(text, "\n{:<16}{:>10}{:>12}{:>12}{:>12}", "process", "CPU s", "MiB before", "at most", "after")?;
        }
        for used in &self.processes {
            let Used { name, cpu_seconds, rss_start_bytes, rss_peak_bytes, rss_end_bytes, .. } = used;
            let [begin, peak, end] = [rss_start_bytes, rss_peak_bytes, rss_end_bytes].map(|bytes| mebibytes(*bytes));
            writeln!(text, "{name:<16}{cpu_seconds:>10.2}{begin:>12.1}{peak:>12.1}{end:>12.1}")?;
        }
        let checked: u64 = self.invariants.iter().map(Checked::count).sum();
        writeln!(text, "\n{checked} facts checked on the record, everything held")
    }
}

#[expect(clippy::cast_precision_loss, reason = "no machine has so much memory")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}
