//! The project's commands, so that there is one place that knows how the parts are built, started and tested.

mod audit;
mod bench;
mod chromium;
mod cli;
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

use clap::Parser as _;

use cli::Xtask;

fn main() -> ExitCode {
    match Xtask::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            command::say(&format!("\nfailed: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
