//! The accounts of internal services, as operators manage them: beside the running service or without it.

use std::path::Path;

use chat_process::StartError;
use rusqlite::Connection;

use super::actor::{self, Power};
use super::{FILE, Store, schema, time};
use crate::domain::{AccountName, Result, Scope, Scopes, ServiceAccount, Timestamp, Token, TokenHash};

impl Store {
    /// Makes sure that a service account may do something. Errors: `unauthenticated`, `forbidden`.
    pub async fn check_account(&self, token: TokenHash, scope: Scope) -> Result<()> {
        let now = self.clock.now();
        let touch =
            self.reader.run(move |connection| actor::account(connection, &token, Power::Scoped(scope), now)).await?;
        if let Some(touch) = touch {
            self.writer.submit_and_forget(move |tx| actor::touch(tx.connection(), touch, now));
        }
        Ok(())
    }
}

/// The accounts of a data directory. The service that uses it sees each change at once.
#[derive(Debug)]
pub struct ServiceAccounts(Connection);

impl ServiceAccounts {
    /// Opens the database of a data directory. Errors: none there, one that cannot be used.
    pub fn open(dir: &Path) -> Result<Self, StartError> {
        let path = dir.join(FILE);
        let cannot = |error: &dyn std::fmt::Display| StartError::cannot(format!("open {}", path.display()), error);
        if !path.exists() {
            return Err(cannot(&"there is no database"));
        }
        Ok(Self(schema::open_as_it_is(&path).map_err(|error| cannot(&error))?))
    }

    /// Makes an account. Returns its token, which is shown this once. Errors: the name is taken.
    pub fn create(&self, name: &AccountName, scopes: &Scopes, now: Timestamp) -> Result<Token, StartError> {
        let cannot = |error: &dyn std::fmt::Display| StartError::cannot(format!("make {}", name.as_str()), error);
        let token = Token::make_for_account().map_err(|error| cannot(&error))?;
        let sql = "INSERT INTO service_accounts (name, token_hash, scopes, created_at) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT (name) DO NOTHING";
        let row = (name.as_str(), token.hash().as_bytes().to_vec(), scopes.to_string(), now.millis());
        match self.0.execute(sql, row).map_err(|error| cannot(&error))? {
            0 => Err(cannot(&"there is an account of that name")),
            _ => Ok(token),
        }
    }

    /// Revokes the token of an account. Errors: no such account.
    pub fn revoke(&self, name: &AccountName) -> Result<(), StartError> {
        let cannot = |error: &dyn std::fmt::Display| StartError::cannot(format!("revoke {}", name.as_str()), error);
        let sql = "DELETE FROM service_accounts WHERE name = ?1";
        match self.0.execute(sql, [name.as_str()]).map_err(|error| cannot(&error))? {
            0 => Err(cannot(&"there is no account of that name")),
            _ => Ok(()),
        }
    }

    /// All accounts, by name. Errors: the database fails.
    pub fn list(&self) -> Result<Vec<ServiceAccount>, StartError> {
        self.read().map_err(|error| StartError::cannot("list the service accounts", error))
    }

    fn read(&self) -> rusqlite::Result<Vec<ServiceAccount>> {
        let sql = "SELECT name, scopes, created_at, last_used_at FROM service_accounts ORDER BY name";
        let mut statement = self.0.prepare(sql)?;
        let accounts = statement.query_map([], |row| {
            Ok(ServiceAccount {
                name: row.get("name")?,
                scopes: Scopes::stored(&row.get::<_, String>("scopes")?),
                created_at: time(row, "created_at")?,
                last_used_at: row.get::<_, Option<i64>>("last_used_at")?.map(Timestamp::stored),
            })
        })?;
        accounts.collect()
    }
}
