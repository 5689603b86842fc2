//! Measures what `docs/BENCHMARKS.md` tells. `cargo xtask bench` builds it in release and runs it.

mod layout;
mod rows;
mod sends;
mod socket;

use clap::Parser;

/// Measurements of Holdfast
#[derive(Debug, Parser)]
enum Bench {
    /// Compares layouts of the table of messages
    Layout(layout::Args),
    /// Compares acknowledged sends over each surface with the same rows written straight into SQLite
    Sends(sends::Args),
}

fn main() -> anyhow::Result<()> {
    match Bench::parse() {
        Bench::Layout(args) => layout::run(&args),
        Bench::Sends(args) => sends::run(&args),
    }
}
