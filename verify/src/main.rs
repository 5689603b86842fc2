//! The program: reads what it is asked for, and answers by its exit status. 0: everything held. 1: it did not, or the
//! service could not be tried. 2: a wrong flag.

use std::process::ExitCode;

use anyhow::Result;
use chat_verify::report::say;
use chat_verify::{load, torture};
use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser};
use tokio::runtime::Runtime;

/// Attacks a Holdfast, records everything, and proves that no message was lost, repeated or reordered
#[derive(Debug, Parser)]
#[command(name = "chat-verify", version)]
enum Verify {
    /// Lets clients and faults loose on it, and judges what came of it
    Torture(torture::Args),
    /// Measures one that runs, and judges what is measured
    Load(load::Args),
}

fn main() -> ExitCode {
    let verified = match Verify::parse() {
        Verify::Torture(args) => torture(&args),
        Verify::Load(args) => load(&args),
    };
    match verified {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say(&format!("\nfailed: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn torture(args: &torture::Args) -> Result<bool> {
    let report = Runtime::new()?.block_on(torture::run(args))?;
    say(&report.to_text());
    if let Some(path) = args.json() {
        report.write(path)?;
    }
    Ok(report.is_clean())
}

fn load(args: &load::Args) -> Result<bool> {
    if let Some(wrong) = args.wrong() {
        Verify::command().error(ErrorKind::ValueValidation, wrong).exit();
    }
    let figures = Runtime::new()?.block_on(load::run(args))?;
    say(&figures.to_text());
    args.json().map_or(Ok(true), |path| figures.write(path).map(|()| true))
}
