//! What the two processes of Holdfast share: how they read their configuration, log, show themselves to operators,
//! and stop. Neither rules nor wire formats belong here.

pub mod admin;
pub mod config;
pub mod healthcheck;
pub mod listen;
pub mod logging;
pub mod service_token;
pub mod shutdown;

mod start;

pub use config::CommonArgs;
pub use service_token::ServiceToken;
pub use shutdown::Shutdown;
pub use start::{StartError, run};
