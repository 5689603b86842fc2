//! The binary of the gateway: see `ws-gateway --help`.

use std::process::ExitCode;

use chat_process::{Shutdown, StartError, healthcheck, listen};
use ws_gateway::config::{Command, Config};

/// Gives memory of closed sockets back sooner than the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    chat_process::run(start)
}

async fn start(config: Config, shutdown: Shutdown) -> Result<(), StartError> {
    if let Some(Command::Healthcheck) = config.command {
        shutdown.begin();
        return healthcheck::run(config.admin_listen).await;
    }
    let listener = listen::tcp(config.listen).await?;
    let admin_listener = listen::tcp(config.admin_listen).await?;
    ws_gateway::serve(config, listener, admin_listener, &shutdown).await
}
