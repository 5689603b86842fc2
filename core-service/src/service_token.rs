//! The service token on the core's side: made on the first start, where none is given.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use chat_process::service_token::TokenError;
use chat_process::{ServiceToken, StartError};

use crate::config::Config;
use crate::domain::Token;

/// Reads the token, or makes one that only the owner of the process can read. Errors: a token that is of no use, a
/// file that cannot be written.
pub(crate) fn load_or_make(config: &Config) -> Result<ServiceToken, StartError> {
    let path = config.common.service_token_file.clone().unwrap_or_else(|| config.data_dir.join("service-token"));
    match ServiceToken::load(&path) {
        Ok(token) => Ok(token),
        Err(TokenError::Missing(_)) => {
            make(&path).map_err(|error| StartError::cannot(format!("make {}", path.display()), error))?;
            ServiceToken::load(&path).map_err(|error| StartError::Start(error.to_string()))
        }
        Err(error) => Err(StartError::Start(error.to_string())),
    }
}

/// The file appears whole or not at all: a gateway may be waiting for it.
fn make(path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir)?;
    }
    let unfinished = path.with_extension("tmp");
    let _ = std::fs::remove_file(&unfinished);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    writeln!(file, "{}", Token::make()?.reveal())?;
    file.sync_all()?;
    Ok(std::fs::rename(&unfinished, path)?)
}
