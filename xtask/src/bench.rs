//! `cargo xtask bench`: release builds, a stack without rate limits, and in turn the yardstick (the same rows written
//! straight into SQLite) and each measurement of chat-verify, several times over; told are the medians.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use chat_stack::How;
use serde_json::Value;

use crate::command::{cargo, execute, program, root, say};
use crate::stack::{Addresses, Plan, Stack};
use crate::{tools, web};

/// What is measured.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// Times that everything is measured; the medians are told
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rounds: u32,
    /// Messages of a measurement of sends; the others have their share
    #[arg(long, default_value_t = 40_000, value_parser = clap::value_parser!(u32).range(1_000..=1_000_000))]
    messages: u32,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Layouts of the table of messages, instead of a running stack
    Layout {
        /// Passed on; `-- --help` lists them
        #[arg(last = true)]
        args: Vec<String>,
    },
}

/// One measurement of chat-verify.
struct Measurement {
    what: &'static str,
    /// The rate that is told.
    rate: &'static str,
    /// The scenario and its settings, without the number of messages.
    args: &'static [&'static str],
    /// One message for so many of a measurement of sends.
    share: u32,
    /// What its rate is compared with: fixed rates are compared with nothing.
    compared: bool,
}

const MEASUREMENTS: [Measurement; 7] = [
    Measurement {
        what: "gRPC stream, 1,000 in flight: acknowledged",
        rate: "acknowledged",
        args: &["send", "--via", "grpc", "--clients", "1", "--in-flight", "1000"],
        share: 1,
        compared: true,
    },
    Measurement {
        what: "gRPC unary, 64 in flight: acknowledged",
        rate: "acknowledged",
        args: &["send", "--via", "grpc-unary", "--clients", "1", "--in-flight", "64"],
        share: 1,
        compared: true,
    },
    Measurement {
        what: "Socket.IO, 16 sockets with 32 in flight: acknowledged",
        rate: "acknowledged",
        args: &["send", "--via", "websocket", "--clients", "16", "--in-flight", "32"],
        share: 1,
        compared: true,
    },
    Measurement {
        what: "Socket.IO over polling, 16 clients with 4 in flight: acknowledged",
        rate: "acknowledged",
        args: &["send", "--via", "polling", "--clients", "16", "--in-flight", "4"],
        share: 4,
        compared: true,
    },
    Measurement {
        what: "fan-out to 50 sockets, 4 senders with 8 in flight: delivered",
        rate: "deliveries",
        args: &["fanout", "--via", "websocket", "--clients", "50", "--senders", "4", "--in-flight", "8"],
        share: 20,
        compared: true,
    },
    Measurement {
        what: "fan-out to 50 sockets, 100 messages a second: delivered",
        rate: "deliveries",
        args: &["fanout", "--via", "websocket", "--clients", "50", "--senders", "4", "--rate", "100"],
        share: 40,
        compared: false,
    },
    Measurement {
        what: "resync of a whole room by 8 sockets, pages of 100: messages",
        rate: "messages",
        args: &["resync", "--via", "websocket", "--clients", "8", "--page", "100"],
        share: 1,
        compared: true,
    },
];

/// What one measurement showed in one round: the rate, the latencies (p50, p99, p99.9, max) in milliseconds, and the
/// processor time of gateway and core for each of what is counted, in microseconds.
type Figures = [f64; 7];

/// Measures a stack, or layouts.
pub(crate) fn run(args: &Args) -> Result<()> {
    match &args.what {
        Some(What::Layout { args }) => {
            execute(&mut cargo(&["build", "--release", "-p", "bench"]))?;
            execute(release("bench").arg("layout").args(args))
        }
        None => measure(args),
    }
}

fn measure(args: &Args) -> Result<()> {
    tools::check()?;
    web::build()?;
    let packages = ["core-service", "ws-gateway", "chat-verify", "bench"];
    execute(cargo(&["build", "--release"]).args(packages.iter().flat_map(|package| ["-p", *package])))?;
    // Below target, so that everything is measured on the disk that the project is on.
    let dir = root().join("target/bench");
    fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let data_dir = tempfile::tempdir_in(&dir).context("no folder for the data")?;
    let log_dir = Some(dir.clone());
    let how = How { binaries: root().join("target/release"), flags: vec!["--no-rate-limits"], log_dir };
    let plan = Plan { addresses: Addresses::free()?, data_dir: data_dir.path().to_owned(), how };
    let mut stack = Stack::start(&plan)?;
    let mut yardstick = Vec::new();
    let mut rounds: [Vec<Figures>; MEASUREMENTS.len()] = Default::default();
    for round in 1..=args.rounds {
        yardstick.push(rows(&dir, args.messages)?);
        for (measurement, figures) in MEASUREMENTS.iter().zip(&mut rounds) {
            say(&format!("round {round} of {}: {}", args.rounds, measurement.what));
            figures.push(measurement.take(&plan.addresses, &stack, &dir, args.messages)?);
            stack.check()?;
        }
    }
    stack.stop()?;
    say(&format!("\n{} messages of 100 bytes, medians of {} rounds\n", args.messages, args.rounds));
    say(&table(median(yardstick), rounds.map(medians)));
    Ok(())
}

/// The yardstick: rows a second.
fn rows(dir: &Path, messages: u32) -> Result<f64> {
    let mut command = release("bench");
    command.arg("rows").arg("--dir").arg(dir).arg("--messages").arg(messages.to_string());
    let printed = output(&mut command)?;
    printed.trim().parse().with_context(|| format!("no rate: {printed}"))
}

impl Measurement {
    fn take(&self, addresses: &Addresses, stack: &Stack, dir: &Path, messages: u32) -> Result<Figures> {
        let json = dir.join("load.json");
        let mut command = release("chat-verify");
        command.arg("load").args(self.args).arg("--messages").arg((messages / self.share).to_string());
        command.arg("--gateway").arg(format!("http://{}", addresses.web));
        command.arg("--core").arg(format!("http://{}", addresses.core));
        command.args(stack.pids().iter().flat_map(|pid| ["--pid".to_owned(), pid.to_string()]));
        output(command.arg("--json").arg(&json))?;
        let text = fs::read_to_string(&json).with_context(|| format!("cannot read {}", json.display()))?;
        self.read(&serde_json::from_str(&text)?).with_context(|| format!("not as expected: {text}"))
    }

    /// The figures in the report of chat-verify.
    fn read(&self, report: &Value) -> Option<Figures> {
        let rate = report["rates"].as_array()?.iter().find(|rate| rate["what"] == self.rate)?;
        let latency = |quantile| report["latencyMs"][quantile].as_f64();
        let cpu =
            |place: usize| Some(report["processes"][place]["cpuSeconds"].as_f64()? * 1e6 / rate["count"].as_f64()?);
        Some([
            rate["perSecond"].as_f64()?,
            latency("p50")?,
            latency("p99")?,
            latency("p99.9")?,
            latency("max")?,
            cpu(0)?,
            cpu(1)?,
        ])
    }

    fn row(&self, figures: Figures, yardstick: f64) -> String {
        let [rate, p50, p99, p999, max, gateway, core] = figures;
        let ratio = if self.compared { format!("{:.2}", rate / yardstick) } else { "–".to_owned() };
        let rate = thousands(rate);
        format!(
            "| {} | {rate} | {ratio} | {p50:.1} | {p99:.1} | {p999:.1} | {max:.1} | {gateway:.0} | {core:.0} |",
            self.what
        )
    }
}

fn table(yardstick: f64, figures: [Figures; MEASUREMENTS.len()]) -> String {
    let mut lines = vec![
        "| what | a second | of SQLite's | p50 ms | p99 ms | p99.9 ms | max ms | CPU µs each, gateway | CPU µs each, core |"
            .to_owned(),
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |".to_owned(),
        format!("| rows into SQLite, batches of 100 | {} | 1.00 | | | | | | |", thousands(yardstick)),
    ];
    lines.extend(MEASUREMENTS.iter().zip(figures).map(|(measurement, figures)| measurement.row(figures, yardstick)));
    lines.join("\n")
}

/// The median of each figure by itself.
fn medians(rounds: Vec<Figures>) -> Figures {
    std::array::from_fn(|column| median(rounds.iter().map(|figures| figures[column]).collect()))
}

/// The middle one; of an even number, the upper of the two in the middle.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// A number without fraction, its thousands set apart.
fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A release build of ours.
fn release(name: &str) -> Command {
    program(&root().join("target/release").join(name).display().to_string(), &[])
}

/// What a program prints. Errors: it fails; what it prints then says why.
fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot run {}", command.get_program().display()))?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        bail!("{command:?} ended with {}: {printed}{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(printed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_taken_of_each_figure_alone() {
        let round = |first, last| [first, 0.0, 0.0, 0.0, 0.0, 0.0, last];
        assert_eq!(medians(vec![round(1.0, 9.0), round(3.0, 7.0), round(2.0, 8.0)]), round(2.0, 8.0));
        assert_eq!(median(vec![1.0, 2.0]), 2.0);
    }

    #[test]
    fn a_report_becomes_a_row() {
        let report = r#"{"scenario":"fanout","rates":[{"what":"deliveries","count":1000,"seconds":0.5,"perSecond":24500.4},
            {"what":"messages","count":10,"perSecond":490}],
            "latencyMs":{"p50":1.25,"p90":2,"p99":3.5,"p99.9":4.06,"max":10},
            "processes":[{"pid":1,"cpuSeconds":0.02},{"pid":2,"cpuSeconds":0.01}]}"#;
        let fanout = &MEASUREMENTS[4];
        let figures = fanout.read(&serde_json::from_str(report).unwrap()).unwrap();
        assert_eq!(figures, [24500.4, 1.25, 3.5, 4.06, 10.0, 20.0, 10.0]);
        let row = fanout.row(figures, 100_000.0);
        assert!(row.ends_with("delivered | 24,500 | 0.25 | 1.2 | 3.5 | 4.1 | 10.0 | 20 | 10 |"), "{row}");
        assert_eq!(fanout.read(&Value::Null), None);
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!([0.0, 999.0, 1_000.0, 126_563.7].map(thousands), ["0", "999", "1,000", "126,564"]);
    }
}
