//! The checker of Holdfast's promise: clients that behave as the contract says, faults that a seed repeats, a record
//! of every call and answer, and a judge of that record.

mod cast;
pub mod check;
mod client;
pub mod faults;
pub mod history;
mod http;
pub mod link;
pub mod load;
pub mod proxy;
pub mod recorder;
pub mod report;
mod rest;
mod stage;
pub mod torture;
mod wire;
