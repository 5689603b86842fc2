//! The log: human-readable text or JSON lines on stderr, filtered by `RUST_LOG` (`info` where it is unset).
//! No message text, token or password ever goes there.

use std::io::{IsTerminal as _, Write as _};

use tracing_subscriber::EnvFilter;

use crate::StartError;

/// The shape of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for log collectors.
    Json,
}

/// Starts the log of this process. Errors: a malformed `RUST_LOG`.
pub fn init(format: LogFormat) -> Result<(), StartError> {
    let filter = EnvFilter::builder()
        .with_default_directive(tracing::Level::INFO.into())
        .from_env()
        .map_err(|error| StartError::Usage(format!("RUST_LOG: {error}")))?;
    let colours = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours);
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
    Ok(())
}

/// Says why the process does not come up, in one line on stderr.
pub(crate) fn complain(name: &str, error: &StartError) {
    let line = error.to_string().replace('\n', " ");
    // Where even stderr is gone there is nobody left to tell.
    let _ = writeln!(std::io::stderr(), "{name}: {line}");
}
