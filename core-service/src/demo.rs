//! Demo data: people and rooms to try the service with.

use std::path::Path;

use chat_process::StartError;

use crate::domain::{Clock, Password};
use crate::passwords::Passwords;
use crate::store;

/// The password of the demo users.
const PASSWORD: &str = "demo-password";

/// Fills the database of a data directory, unless it has users (contract: Processes). Errors: a directory or database
/// that cannot be used.
pub async fn make(data_dir: &Path) -> Result<(), StartError> {
    let cannot = |error: &dyn std::fmt::Display| StartError::cannot("make the demo data", error);
    let none = || tracing::info!("the database has users: no demo data");
    if store::has_users(data_dir) {
        none();
        return Ok(());
    }
    let passwords = Passwords::new().map_err(|error| cannot(&error))?;
    let password = Password::parse("password", PASSWORD.to_owned()).map_err(|error| cannot(&error))?;
    let hash = passwords.hash(password).await.map_err(|error| cannot(&error))?;
    if store::seed_demo(data_dir, Clock::system().now(), &hash)? {
        tracing::warn!("demo users were made, whose password everybody knows");
    } else {
        none();
    }
    Ok(())
}
