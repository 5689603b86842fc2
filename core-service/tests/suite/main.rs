//! The core through its public surface: a real server on a port of its own, real SQLite in a directory of its own.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod accounts;
mod connections;
mod durability;
mod harness;
mod model;
mod pages;
mod process;
mod refusals;
mod rooms;
mod sends;
mod stop;
mod streams;
mod surface;
mod watches;
