//! `cargo xtask planted`: a checker that never complained proves nothing. Plants each fault of chat-sabotage in the
//! core or the gateway, attacks that stack, and expects chat-verify to find the fault as the breach that it
//! is; and expects it to find nothing where nothing is planted.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use chat_sabotage::{Fault, VARIABLE};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::command::{cargo, execute, program, root, say};
use crate::{tools, web};

/// How long an attack lasts, in minutes: a longer one where the one before, with another seed, did not find the fault.
const MINUTES: [&str; 3] = ["0.05", "0.2", "0.5"];

/// Draws attacks in which the core is killed at once, and the links to it and to clients are cut soon after: some faults
/// show then only.
const SEED: u64 = 7_542;

/// How long chat-verify is waited for at all, and then how long it may take to stop.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(240), Duration::from_secs(15));

const POLL: Duration = Duration::from_millis(50);

/// What is planted.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Faults by their names; all of them where none is named
    #[arg(value_name = "NAME")]
    faults: Vec<Fault>,
    /// What the first attack is drawn from
    #[arg(long, default_value_t = SEED)]
    seed: u64,
}

impl Default for Args {
    /// All faults.
    fn default() -> Self {
        Self { faults: Vec::new(), seed: SEED }
    }
}

/// The letters of the invariants of which a fault breaks at least one for certain.
const fn expected(fault: Fault) -> &'static str {
    match fault {
        Fault::AckBeforeCommit => "ai",
        Fault::LoseCommit => "adei",
        Fault::SkipSeq => "bkl",
        Fault::ForgetDedupe => "acg",
        Fault::DuplicateAsNew => "ag",
        Fault::StoreStrangers => "c",
        Fault::OverwriteOnConflict => "ace",
        Fault::ReplayOffByOne => "k",
        Fault::PageOffByOne => "l",
        Fault::PageEndsEarly => "l",
        Fault::AcceptStaleCursor => "m",
        Fault::LoseEvent => "k",
        Fault::DeliverToRemoved => "h",
        Fault::NewEpoch => "j",
        Fault::ReorderBatch => "f",
        Fault::DropWhenFull => "k",
        Fault::ForgetCursor => "k",
        Fault::SwapSends => "f",
        Fault::SwapDeliveries => "ek",
        Fault::RetryAsNew => "ac",
        Fault::AcceptUnanswered => "a",
        Fault::JoinTooLow => "k",
        Fault::SwallowAnswer => "n",
    }
}

/// What chat-verify came to.
struct Verdict {
    /// Letters of the invariants that were broken.
    letters: BTreeSet<String>,
    /// When the first breach showed, in seconds of the run.
    shown: Option<f64>,
    /// How long everything took, the stack's start included.
    took: Duration,
    seed: u64,
}

/// Builds, plants each fault, and attacks. Errors: what was not found, or found where nothing was.
pub(crate) fn run(args: &Args) -> Result<()> {
    tools::check()?;
    web::build()?;
    attack_all(args)
}

/// The same where the web client is built already.
pub(crate) fn attack_all(args: &Args) -> Result<()> {
    let _alone = lock()?;
    let dir = root().join("target/planted");
    // With what earlier runs kept.
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
    build(&dir)?;

    let control = attack(&dir, None, args.seed, MINUTES[0])?;
    if !control.letters.is_empty() {
        bail!("nothing is planted, but it breaks {}: see {}", letters(&control), dir.join("none.log").display());
    }
    say(&format!("nothing planted, nothing found, after {:.1} s", control.took.as_secs_f64()));

    let faults = if args.faults.is_empty() { &Fault::ALL[..] } else { &args.faults[..] };
    let mut table = vec![
        "\n| fault | caught by | shown after | verdict after | seed |".to_owned(),
        "| --- | --- | --- | --- | --- |".to_owned(),
        row("none", &control),
    ];
    let mut failures = Vec::new();
    for fault in faults {
        match find(&dir, *fault, args.seed) {
            Ok(verdict) => {
                failures.extend(complaint(*fault, &verdict));
                let row = row(fault.name(), &verdict);
                say(&row);
                table.push(row);
            }
            Err(error) => failures.push(format!("{error:#}")),
        }
    }
    say(&table.join("\n"));
    if failures.is_empty() {
        return Ok(());
    }
    bail!("{}", failures.join("\n"))
}

/// Makes sure that one run at a time uses the folder. Errors: another one does.
fn lock() -> Result<File> {
    let path = root().join("target/planted.lock");
    let file = File::create(&path).with_context(|| format!("cannot make {}", path.display()))?;
    file.try_lock().context("is another `cargo xtask planted` running?")?;
    Ok(file)
}

/// Puts the binaries with faults into a folder of their own, and the honest ones where they belong. Of the whole
/// workspace, so that no dependency is built again with other features.
fn build(dir: &Path) -> Result<()> {
    let features = ["--features", "core-service/sabotage,ws-gateway/sabotage"];
    let bins = ["build", "--workspace", "--bins"];
    let planted = execute(cargo(&bins).args(features)).and_then(|()| {
        ["core-service", "ws-gateway"].iter().try_for_each(|name| {
            let (from, to) = (root().join("target/debug").join(name), dir.join(name));
            fs::copy(&from, &to).map(|_| ()).with_context(|| format!("cannot copy {}", from.display()))
        })
    });
    execute(&mut cargo(&bins))?;
    planted
}

/// Attacks until the fault is found, longer each time.
fn find(dir: &Path, fault: Fault, seed: u64) -> Result<Verdict> {
    let mut verdict = attack(dir, Some(fault), seed, MINUTES[0])?;
    for (seed, minutes) in (seed + 1..).zip(&MINUTES[1..]) {
        if verdict.finds(fault) {
            break;
        }
        verdict = attack(dir, Some(fault), seed, minutes)?;
    }
    Ok(verdict)
}

/// One run of chat-verify. What it says goes to a log beside the binaries. Errors: it can neither find breaches nor
/// none.
fn attack(dir: &Path, fault: Option<Fault>, seed: u64, minutes: &str) -> Result<Verdict> {
    let name = fault.map_or("none", Fault::name);
    let file = |ending: &str| dir.join(format!("{name}.{ending}"));
    let (report, log) = (file("json"), File::create(file("log")).context("cannot write the log")?);
    // What the attack before found is not this one's.
    let _ = fs::remove_file(&report);
    let (binaries, json, seed_text) = (dir.display().to_string(), report.display().to_string(), seed.to_string());
    let args = ["torture", "--binaries", &binaries, "--seed", &seed_text, "--minutes", minutes, "--json", &json];
    let mut command = program(&root().join("target/debug/chat-verify").display().to_string(), &args);
    // What it keeps of a broken run is kept beside its report.
    command.env("TMPDIR", dir).env_remove(VARIABLE).envs(fault.map(|fault| (VARIABLE, fault.name())));
    let errors = log.try_clone().context("cannot write the log")?;
    let began = Instant::now();
    let child = command.stdin(Stdio::null()).stdout(log).stderr(errors).spawn().context("cannot run chat-verify")?;
    let status = wait(child)?;
    let took = began.elapsed();
    match status.code() {
        Some(0 | 1) => {}
        _ => bail!("{name}: chat-verify ended with {status}: see {}", file("log").display()),
    }
    let (letters, shown) = breaches(&report)?;
    if (status.code() == Some(0)) != letters.is_empty() {
        bail!("{name}: chat-verify ended with {status}, which does not fit {}", report.display());
    }
    Ok(Verdict { letters, shown, took, seed })
}

/// Waits for the end; where that does not come, makes it come.
fn wait(mut child: Child) -> Result<ExitStatus> {
    let began = Instant::now();
    let mut asked = false;
    loop {
        if let Some(status) = child.try_wait().context("cannot wait for chat-verify")? {
            return Ok(status);
        }
        if !asked && began.elapsed() > PATIENCE.0 {
            // By the signal that lets it stop the stack that it started.
            kill_process(Pid::from_child(&child), Signal::TERM).context("cannot stop chat-verify")?;
            asked = true;
        }
        if began.elapsed() > PATIENCE.0 + PATIENCE.1 {
            child.kill().context("cannot kill chat-verify")?;
        }
        thread::sleep(POLL);
    }
}

/// Which invariants are broken, and when the first breach showed. What is not as the contract has it, and breaks no
/// invariant, is a breach too.
fn breaches(report: &PathBuf) -> Result<(BTreeSet<String>, Option<f64>)> {
    let text = fs::read_to_string(report).with_context(|| format!("no report in {}", report.display()))?;
    let parsed: Value = serde_json::from_str(&text).with_context(|| format!("{} is not JSON", report.display()))?;
    let found = parsed["breaches"].as_array().with_context(|| format!("no breaches in {}", report.display()))?;
    let letters = found.iter().filter_map(|breach| breach["invariant"].as_str());
    let others = parsed["violations"].as_array().filter(|violations| !violations.is_empty()).map(|_| "contract");
    let letters = letters.chain(others).map(ToOwned::to_owned).collect();
    let shown = found.iter().filter_map(|breach| breach["shownAfterSeconds"].as_f64()).reduce(f64::min);
    Ok((letters, shown))
}

impl Verdict {
    fn finds(&self, fault: Fault) -> bool {
        expected(fault).chars().any(|letter| self.letters.contains(letter.encode_utf8(&mut [0; 4]) as &str))
    }
}

/// What is wrong with a verdict.
fn complaint(fault: Fault, verdict: &Verdict) -> Option<String> {
    let (expected, log) = (expected(fault), format!("target/planted/{fault}.log"));
    if verdict.letters.is_empty() {
        Some(format!("{fault} is not caught: see {log}"))
    } else if !verdict.finds(fault) {
        Some(format!("{fault} is caught by {}, not by any of {expected}: see {log}", letters(verdict)))
    } else {
        None
    }
}

fn letters(verdict: &Verdict) -> String {
    verdict.letters.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}

fn row(name: &str, verdict: &Verdict) -> String {
    let caught = if verdict.letters.is_empty() { "–".to_owned() } else { letters(verdict) };
    let shown = verdict.shown.map_or_else(|| "–".to_owned(), |shown| format!("{shown:.1} s"));
    format!("| {name} | {caught} | {shown} | {:.1} s | {} |", verdict.took.as_secs_f64(), verdict.seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(letters: &[&str], seconds: u64) -> Verdict {
        let letters = letters.iter().copied().map(ToOwned::to_owned).collect();
        Verdict { letters, shown: Some(0.52), took: Duration::from_secs(seconds), seed: 7 }
    }

    #[test]
    fn each_fault_breaks_an_invariant_and_each_invariant_is_broken() {
        let letters: BTreeSet<char> = Fault::ALL.into_iter().flat_map(|fault| expected(fault).chars()).collect();
        assert!(Fault::ALL.into_iter().all(|fault| !expected(fault).is_empty()));
        assert_eq!(letters, ('a'..='n').collect());
    }

    #[test]
    fn a_fault_has_to_be_caught_as_what_it_is() {
        let complaint = |verdict| complaint(Fault::ReorderBatch, &verdict);
        assert_eq!(complaint(verdict(&["d", "f"], 9)), None);
        assert!(complaint(verdict(&[], 9)).unwrap().contains("not caught"));
        assert!(complaint(verdict(&["d", "e"], 9)).unwrap().contains("caught by d e, not by any of f"));
    }

    #[test]
    fn a_report_becomes_a_row() {
        let dir = tempfile::tempdir().unwrap();
        let report = dir.path().join("report.json");
        let text = r#"{"breaches":[{"invariant":"k","shownAfterSeconds":2.5},{"invariant":"d"},
            {"invariant":"k","shownAfterSeconds":1.25}],"violations":[],"seed":1}"#;
        fs::write(&report, text).unwrap();
        let (letters, shown) = breaches(&report).unwrap();
        let row = row("lose-event", &Verdict { letters, shown, ..verdict(&[], 9) });
        assert_eq!(row, "| lose-event | d k | 1.2 s | 9.0 s | 7 |");
        fs::write(&report, r#"{"breaches":[],"violations":["x"]}"#).unwrap();
        assert!(breaches(&report).unwrap().0.contains("contract"));
        fs::write(&report, "{}").unwrap();
        assert!(breaches(&report).is_err());
    }
}
