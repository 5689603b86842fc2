//! From `main` to a serving process and back to an exit status.

use std::future::Future;
use std::process::ExitCode;
use std::time::Duration;

use clap::CommandFactory;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

use crate::{CommonArgs, Shutdown, config, logging};

/// Longest time that a stopping process takes for what is in flight, so that it is gone within ten seconds.
const DRAIN_DEADLINE: Duration = Duration::from_secs(8);

/// Why a process did not come up. Shown to the operator as one line.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A bad flag, environment variable or configuration file: exit status 2.
    #[error("{0}")]
    Usage(String),
    /// Anything else that keeps it from serving, such as a taken port: exit status 1.
    #[error("{0}")]
    Start(String),
}

impl StartError {
    /// A failed start with what was being done: `cannot {action}: {error}`.
    pub fn cannot(action: impl std::fmt::Display, error: impl std::fmt::Display) -> Self {
        Self::Start(format!("cannot {action}: {error}"))
    }
}

/// Runs a whole process: reads the configuration, starts the log, serves until a signal or a dead task, drains.
///
/// `serve` brings the service up on the tasks of the given [`Shutdown`] and returns once it accepts work.
/// The first SIGTERM or SIGINT drains; a second one, or the deadline of 8 s, ends the process as it is.
pub fn run<C, S, F>(serve: S) -> ExitCode
where
    C: clap::Parser + CommandFactory + AsRef<CommonArgs>,
    S: FnOnce(C, Shutdown) -> F,
    F: Future<Output = Result<(), StartError>>,
{
    let name = C::command().get_name().to_owned();
    match try_run(serve) {
        Ok(code) => code,
        Err(error) => {
            logging::complain(&name, &error);
            match error {
                StartError::Usage(_) => ExitCode::from(2),
                StartError::Start(_) => ExitCode::FAILURE,
            }
        }
    }
}

fn try_run<C, S, F>(serve: S) -> Result<ExitCode, StartError>
where
    C: clap::Parser + CommandFactory + AsRef<CommonArgs>,
    S: FnOnce(C, Shutdown) -> F,
    F: Future<Output = Result<(), StartError>>,
{
    let config: C = config::load(std::env::args_os())?;
    logging::init(config.as_ref().log_format)?;
    if config.as_ref().no_rate_limits {
        tracing::warn!("RATE LIMITS ARE OFF: for load tests on a closed machine only");
    }
    raise_file_limit();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| StartError::cannot("start the runtime", error))?;
    let code = runtime.block_on(async {
        let mut terminate = signals(SignalKind::terminate())?;
        let mut interrupt = signals(SignalKind::interrupt())?;
        let shutdown = Shutdown::new();
        serve(config, shutdown.clone()).await?;
        let signalled = async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        tokio::select! {
            () = signalled => tracing::info!("stopping"),
            () = shutdown.begun() => {}
        }
        shutdown.begin();
        tokio::select! {
            () = shutdown.drained() => {}
            () = tokio::time::sleep(DRAIN_DEADLINE) => tracing::warn!("the deadline cut off what was in flight"),
            _ = terminate.recv() => tracing::warn!("a second signal cut off what was in flight"),
            _ = interrupt.recv() => tracing::warn!("a second signal cut off what was in flight"),
        }
        Ok(if shutdown.failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    })?;
    runtime.shutdown_timeout(Duration::from_millis(500));
    Ok(code)
}

/// A connection is an open file: as many are allowed as the system lets the process have. Many systems begin with 1,024,
/// for programs that are older than this.
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }) {
        tracing::warn!(%error, limit = limit.current, "the limit of open files cannot be raised");
    }
}

fn signals(kind: SignalKind) -> Result<tokio::signal::unix::Signal, StartError> {
    signal(kind).map_err(|error| StartError::cannot("listen for signals", error))
}
