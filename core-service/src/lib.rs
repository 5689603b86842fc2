//! The core of Holdfast: owns every rule and every byte, and serves them over gRPC.

pub mod config;
pub mod domain;
pub mod hub;
pub mod limits;
pub mod metrics;
pub mod passwords;
pub mod store;
