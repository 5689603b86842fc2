//! The project's commands, so that there is one place that knows how the parts are built, started and tested.

mod audit;
mod bench;
mod chromium;
mod command;
mod compose;
mod interop;
mod planted;
mod run;
mod stack;
mod test;
mod tidy;
mod tools;
mod web;

use std::process::ExitCode;

use clap::Parser;

/// The commands of the project
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Xtask {
    /// Builds everything and runs it with demo data, until Ctrl-C
    Run(run::Args),
    /// Checks and tests everything
    Test,
    /// Checks the rules of the code that no compiler knows
    Tidy,
    /// Checks the dependencies: licences, advisories, sources
    Audit,
    /// Builds and tries the containers, where there is a Docker engine
    ComposeTest,
    /// Runs clients in Python against a stack
    Interop,
    /// Plants faults one at a time, and expects chat-verify to find each
    Planted(planted::Args),
    /// Measures what docs/BENCHMARKS.md tells
    Bench(bench::Args),
}

fn main() -> ExitCode {
    let outcome = match Xtask::parse() {
        Xtask::Run(args) => run::run(&args),
        Xtask::Test => test::run(),
        Xtask::Tidy => tidy::run(),
        Xtask::Audit => audit::run(),
        Xtask::ComposeTest => compose::test(),
        Xtask::Interop => interop::run(),
        Xtask::Planted(args) => planted::run(&args),
        Xtask::Bench(args) => bench::run(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            command::say(&format!("\nfailed: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
