//! The commands by their names.

use anyhow::Result;

use crate::{audit, bench, compose, interop, planted, run, test, tidy};

/// The commands of the project
#[derive(Debug, clap::Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub(crate) enum Xtask {
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

impl Xtask {
    /// Does it. Errors: what went wrong.
    pub(crate) fn run(&self) -> Result<()> {
        match self {
            Self::Run(args) => run::run(args),
            Self::Test => test::run(),
            Self::Tidy => tidy::run(),
            Self::Audit => audit::run(),
            Self::ComposeTest => compose::test(),
            Self::Interop => interop::run(),
            Self::Planted(args) => planted::run(args),
            Self::Bench(args) => bench::run(args),
        }
    }
}
