//! Measures what `docs/BENCHMARKS.md` tells. `cargo xtask bench` builds it in release and runs it.

mod layout;

use clap::Parser;

/// Measurements of Holdfast
#[derive(Debug, Parser)]
enum Bench {
    /// Compares layouts of the table of messages
    Layout(layout::Args),
}

fn main() -> anyhow::Result<()> {
    match Bench::parse() {
        Bench::Layout(args) => layout::run(&args),
    }
}
