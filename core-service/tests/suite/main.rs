//! The core through its public surface: a real server on a port of its own, real SQLite in a directory of its own.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod access;
mod accounts;
mod calls;
mod connections;
mod crowds;
mod direct;
mod durability;
mod files;
mod friends;
mod harness;
mod kick;
mod model;
mod pages;
mod presence;
mod process;
mod read_state;
mod refusals;
mod rooms;
mod sends;
mod stop;
mod streams;
mod surface;
mod tokens;
mod watches;
