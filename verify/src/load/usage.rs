//! What processes take: processor time and memory, from `/proc`.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::Serialize;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

/// How often memory is looked at while something is measured.
const LOOK: Duration = Duration::from_millis(50);

/// What a process took over a span.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Used {
    /// The process.
    pub(super) pid: u32,
    /// Its name, as the kernel has it: at most 15 bytes.
    pub(super) name: String,
    /// Processor time, its own and the kernel's for it.
    pub(super) cpu_seconds: f64,
    /// Resident memory at the beginning.
    pub(super) rss_start_bytes: u64,
    /// The most that was seen.
    pub(super) rss_peak_bytes: u64,
    /// At the end.
    pub(super) rss_end_bytes: u64,
}

/// Processes that are looked at. Dropped, nobody looks any more.
pub(super) struct Watched {
    stop: oneshot::Sender<()>,
    looking: JoinHandle<Result<Vec<Used>>>,
}

/// What a process had taken at a moment.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    pid: u32,
    /// Its name.
    pub(super) name: String,
    cpu_seconds: f64,
    /// Resident memory.
    pub(super) rss_bytes: u64,
}

/// The fields of `/proc/PID/stat` that count here.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    name: String,
    /// In clock ticks.
    cpu: u64,
    /// In pages.
    resident: u64,
}

impl Watched {
    /// Begins a span. Errors: one of the processes is not there.
    pub(super) fn begin(pids: &[u32]) -> Result<Self> {
        let begin = look(pids)?;
        let (stop, stopped) = oneshot::channel();
        Ok(Self { stop, looking: tokio::spawn(watch(begin, stopped)) })
    }

    /// Ends the span. Errors: one of the processes has ended meanwhile.
    pub(super) async fn end(self) -> Result<Vec<Used>> {
        // If it looks no more, it has an error to tell.
        let _ = self.stop.send(());
        self.looking.await.context("nobody looked at the processes")?
    }
}

async fn watch(begin: Vec<Moment>, mut stopped: oneshot::Receiver<()>) -> Result<Vec<Used>> {
    let pids: Vec<u32> = begin.iter().map(|moment| moment.pid).collect();
    let mut peaks: Vec<u64> = begin.iter().map(|moment| moment.rss_bytes).collect();
    let mut ticks = interval(LOOK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let over = tokio::select! {
            _ = &mut stopped => true,
            _ = ticks.tick() => false,
        };
        let now = look(&pids)?;
        for (peak, moment) in peaks.iter_mut().zip(&now) {
            *peak = (*peak).max(moment.rss_bytes);
        }
        if over {
            let used = begin.into_iter().zip(now).zip(peaks);
            return Ok(used.map(|((begin, end), peak)| Used::between(begin, &end, peak)).collect());
        }
    }
}

impl Used {
    fn between(begin: Moment, end: &Moment, peak: u64) -> Self {
        Self {
            pid: begin.pid,
            name: begin.name,
            cpu_seconds: end.cpu_seconds - begin.cpu_seconds,
            rss_start_bytes: begin.rss_bytes,
            rss_peak_bytes: peak,
            rss_end_bytes: end.rss_bytes,
        }
    }
}

/// What each of the processes has taken by now. Errors: one is not there.
pub(super) fn look(pids: &[u32]) -> Result<Vec<Moment>> {
    pids.iter().map(|pid| Moment::of(*pid)).collect()
}

impl Moment {
    #[expect(clippy::cast_precision_loss, reason = "nobody measures for millions of years")]
    fn of(pid: u32) -> Result<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).with_context(|| format!("no process {pid}"))?;
        let Stat { name, cpu, resident } = Stat::parse(&text).with_context(|| format!("cannot read {text:?}"))?;
        let cpu_seconds = cpu as f64 / rustix::param::clock_ticks_per_second() as f64;
        Ok(Self { pid, name, cpu_seconds, rss_bytes: resident * rustix::param::page_size() as u64 })
    }
}

impl Stat {
    /// The name stands in parentheses and may hold any character, these included; after it come only numbers.
    fn parse(text: &str) -> Option<Self> {
        let (before, after) = text.rsplit_once(')')?;
        let (_, name) = before.split_once('(')?;
        // The first of these is the third field of proc_pid_stat(5): utime is the 14th, stime the 15th, rss the 24th.
        let field = |number: usize| after.split_ascii_whitespace().nth(number - 3)?.parse::<u64>().ok();
        Some(Self { name: name.to_owned(), cpu: field(14)? + field(15)?, resident: field(24)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: &str = "S 1 2 3 0 -1 4194560 5 6 7 8 1200 34 9 10 20 0 4 0 12345 99999 777 18446744073709551615 1\n";

    #[test]
    fn a_process_is_read_whatever_its_name() {
        for name in ["core-service", "tmux: server", "a) S 1 (b", "((", ")", "", "1 2 3"] {
            let stat = Stat::parse(&format!("42 ({name}) {REST}"));
            assert_eq!(stat, Some(Stat { name: name.to_owned(), cpu: 1_234, resident: 777 }), "{name:?}");
        }
    }

    #[test]
    fn what_is_no_process_is_not_read() {
        for text in ["", "42", "42 (x)", "42 (x) S 1 2", "42 (x) S a b c d e f g h i j k l m n o p q r s t u v w"] {
            assert_eq!(Stat::parse(text), None, "{text:?}");
        }
    }

    #[tokio::test]
    async fn our_own_process_takes_memory() {
        let used = Watched::begin(&[std::process::id()]).unwrap().end().await.unwrap();
        assert!(used[0].rss_peak_bytes >= used[0].rss_start_bytes && used[0].rss_end_bytes > 0);
        assert!(used[0].cpu_seconds >= 0.0);
    }

    #[test]
    fn a_process_that_is_not_there_is_an_error() {
        assert!(look(&[u32::MAX]).is_err());
    }
}
