//! `cargo xtask bench`: release builds, a stack without rate limits, and the measuring crate against it.

use std::fs;

use anyhow::{Context as _, Result};

use crate::command::{cargo, execute, program, root};
use crate::stack::{Addresses, Plan, Stack};
use crate::{tools, web};

/// What is measured.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// Passed on to the measurement of sends; `-- --help` lists them
    #[arg(last = true)]
    args: Vec<String>,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Layouts of the table of messages, instead of sends
    Layout {
        /// Passed on; `-- --help` lists them
        #[arg(last = true)]
        args: Vec<String>,
    },
}

/// Measures acknowledged sends, or layouts.
pub(crate) fn run(args: &Args) -> Result<()> {
    match &args.what {
        Some(What::Layout { args }) => {
            execute(&mut cargo(&["build", "--release", "-p", "bench"]))?;
            bench("layout", args, &[])
        }
        None => sends(&args.args),
    }
}

fn sends(args: &[String]) -> Result<()> {
    tools::check()?;
    web::build()?;
    execute(&mut cargo(&["build", "--release", "-p", "core-service", "-p", "ws-gateway", "-p", "bench"]))?;
    // Below target, so that everything is measured on the disk that the project is on.
    let dir = root().join("target/bench");
    fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let data_dir = tempfile::tempdir_in(&dir).context("no folder for the data")?;
    let plan = Plan {
        binaries: root().join("target/release"),
        addresses: Addresses::free()?,
        data_dir: data_dir.path().to_owned(),
        flags: &["--no-rate-limits"],
        log_dir: Some(dir.clone()),
    };
    let stack = Stack::start(&plan)?;
    let Addresses { web, core, .. } = &plan.addresses;
    let places = [
        ("--core", format!("http://{core}")),
        ("--gateway", format!("ws://{web}")),
        ("--dir", dir.display().to_string()),
    ];
    bench("sends", args, &places)?;
    stack.stop()
}

fn bench(subcommand: &str, args: &[String], places: &[(&str, String)]) -> Result<()> {
    let binary = root().join("target/release/bench");
    let mut command = program(&binary.display().to_string(), &[subcommand]);
    execute(command.args(places.iter().flat_map(|(flag, value)| [*flag, value.as_str()])).args(args))
}
