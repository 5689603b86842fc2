//! `core-service token`: the accounts of internal services, from the command line.

use std::io::Write as _;
use std::path::Path;

use chat_process::StartError;

use crate::config::TokenCommand;
use crate::domain::{Clock, Scopes, ServiceAccount, Timestamp};
use crate::store::ServiceAccounts;

/// Does what was asked for, on the database of a data directory. Errors: no database there, an account that is there
/// already or is not.
pub fn run(data_dir: &Path, command: &TokenCommand) -> Result<(), StartError> {
    let accounts = ServiceAccounts::open(data_dir)?;
    match command {
        TokenCommand::Create { name, scopes } => {
            let token = accounts.create(name, &Scopes::of(scopes.clone()), Clock::system().now())?;
            print(&token.reveal())
        }
        TokenCommand::Revoke { name } => accounts.revoke(name),
        TokenCommand::List => accounts.list()?.iter().try_for_each(|account| print(&line(account))),
    }
}

fn line(account: &ServiceAccount) -> String {
    let ServiceAccount { name, scopes, created_at, last_used_at } = account;
    let last_used = last_used_at.map_or("never".to_owned(), time);
    format!("{name}\t{scopes}\tmade {}\tlast used {last_used}", time(*created_at))
}

fn time(at: Timestamp) -> String {
    let since_epoch = std::time::Duration::from_millis(u64::try_from(at.millis()).unwrap_or_default());
    humantime::format_rfc3339_seconds(std::time::UNIX_EPOCH + since_epoch).to_string()
}

fn print(line: &str) -> Result<(), StartError> {
    writeln!(std::io::stdout(), "{line}").map_err(|error| StartError::cannot("print", error))
}
