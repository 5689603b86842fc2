//! The binary of the core: see `core-service --help`.

use std::process::ExitCode;

use chat_process::{Shutdown, StartError, healthcheck, listen};
use core_service::config::{Command, Config};
use core_service::listener::Listener;
use core_service::{demo, store, tokens};

/// Gave a sixth more calls a second than the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    chat_process::run(start)
}

async fn start(config: Config, shutdown: Shutdown) -> Result<(), StartError> {
    match &config.command {
        Some(Command::Backup { file }) => done(store::back_up(&config.data_dir, file), &shutdown),
        Some(Command::Restore { file }) => done(store::restore(file, &config.data_dir), &shutdown),
        Some(Command::Demo) => done(demo::make(&config.data_dir).await, &shutdown),
        Some(Command::Healthcheck) => done(healthcheck::run(config.admin_listen).await, &shutdown),
        Some(Command::Token(command)) => done(tokens::run(&config.data_dir, command), &shutdown),
        None => {
            let listener = Listener::bind(&config.listen).await?;
            let admin_listener = listen::tcp(config.admin_listen).await?;
            core_service::serve(config, listener, admin_listener, &shutdown).await
        }
    }
}

fn done(outcome: Result<(), StartError>, shutdown: &Shutdown) -> Result<(), StartError> {
    shutdown.begin();
    outcome
}
