//! What `docs/BENCHMARKS.md` tells and no service is needed for. `cargo xtask bench` builds it in release and runs it.

mod layout;
mod rows;

use clap::Parser;

/// Measurements without a service
#[derive(Debug, Parser)]
enum Bench {
    /// Compares layouts of the table of messages
    Layout(layout::Args),
    /// Writes the rows of messages straight into SQLite: what sends are compared with
    Rows(rows::Args),
}

fn main() -> anyhow::Result<()> {
    match Bench::parse() {
        Bench::Layout(args) => layout::run(&args),
        Bench::Rows(args) => rows::run(&args),
    }
}
