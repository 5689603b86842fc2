//! Accounts: sign-up, the password's hash, looking people up.

use rusqlite::{Connection, OptionalExtension as _};

use super::sessions::open;
use super::writer::WriteTx;
use super::{Store, sessions};
use crate::domain::{Account, Actor, Credential, Error, NewSession, Profile, Result, UserId};

impl Store {
    /// Makes an account and its first session. Errors: `already_exists`, `unavailable`.
    pub async fn sign_up(&self, account: Account, session: NewSession) -> Result<Profile> {
        self.writer
            .submit(move |tx| {
                let key = create(tx, &account)?;
                open(tx, key, &session)?;
                Ok(Profile { user: account.user, display_name: account.display_name.as_str().to_owned() })
            })
            .await
    }

    /// The PHC string of a user's password, if there is such a user.
    pub async fn password_hash(&self, user: UserId) -> Result<Option<String>> {
        self.reader
            .run(move |connection| {
                let mut statement = connection.prepare_cached("SELECT password_hash FROM users WHERE user_id = ?1")?;
                Ok(statement.query_row([user.as_str()], |row| row.get(0)).optional()?)
            })
            .await
    }

    /// The PHC string of the actor's own password, with who that is. Errors: `unauthenticated`.
    pub async fn own_password_hash(&self, credential: Credential) -> Result<(UserId, String)> {
        self.read_as(credential, |connection, actor| {
            let mut statement = connection.prepare_cached("SELECT password_hash FROM users WHERE key = ?1")?;
            Ok((actor.user.clone(), statement.query_row([actor.key], |row| row.get(0))?))
        })
        .await
    }

    /// Sets a new password where the verified one still holds, and revokes the other sessions.
    ///
    /// Errors: `unauthenticated`, `forbidden` (changed in the meantime), `unavailable`.
    pub async fn change_password(&self, credential: Credential, verified: String, new: String) -> Result<()> {
        self.write_as(credential, move |tx, actor| {
            let sql = "UPDATE users SET password_hash = ?3 WHERE key = ?1 AND password_hash = ?2";
            if tx.connection().prepare_cached(sql)?.execute((actor.key, verified, new))? == 0 {
                return Err(Error::Forbidden("the current password is wrong"));
            }
            sessions::revoke_others(tx, actor)
        })
        .await
    }

    /// Users whose id or display name starts with a text, whatever the case of its ASCII letters, by id.
    /// Errors: `unauthenticated`.
    pub async fn search_users(&self, credential: Credential, prefix: &str, limit: i32) -> Result<Vec<Profile>> {
        let prefix = prefix.to_ascii_lowercase();
        self.read_as(credential, move |connection, _| search(connection, &prefix, limit)).await
    }
}

pub(super) fn create(tx: &mut WriteTx<'_>, account: &Account) -> Result<i64> {
    let taken =
        tx.connection().prepare_cached("SELECT 1 FROM users WHERE user_id = ?1")?.exists([account.user.as_str()])?;
    if taken {
        return Err(Error::AlreadyExists("user id"));
    }
    let mut insert = tx.connection().prepare_cached(
        "INSERT INTO users (user_id, display_name, password_hash, created_at) VALUES (?1, ?2, ?3, ?4)",
    )?;
    let name = account.display_name.as_str();
    Ok(insert.insert((account.user.as_str(), name, &account.password_hash, tx.now().millis()))?)
}

/// The actor's own profile.
pub(super) fn profile(connection: &Connection, actor: &Actor) -> Result<Profile> {
    let mut statement = connection.prepare_cached("SELECT display_name FROM users WHERE key = ?1")?;
    let display_name = statement.query_row([actor.key], |row| row.get(0))?;
    Ok(Profile { user: actor.user.clone(), display_name })
}

/// A prefix is a range of each index: everything from it up to it followed by the largest code point.
fn search(connection: &Connection, prefix: &str, limit: i32) -> Result<Vec<Profile>> {
    let mut statement = connection.prepare_cached(
        "SELECT user_id, display_name FROM (
             SELECT user_id, display_name FROM (SELECT user_id, display_name FROM users
                 WHERE user_id >= ?1 AND user_id < ?2 ORDER BY user_id LIMIT ?3)
             UNION SELECT user_id, display_name FROM (SELECT user_id, display_name FROM users
                 WHERE display_name >= ?1 AND display_name < ?2 ORDER BY display_name, user_id LIMIT ?3))
         ORDER BY user_id LIMIT ?3",
    )?;
    let profiles = statement.query_map((prefix, format!("{prefix}{}", char::MAX), limit), |row| {
        Ok(Profile { user: UserId::stored(row.get_ref("user_id")?.as_str()?), display_name: row.get("display_name")? })
    })?;
    Ok(profiles.collect::<rusqlite::Result<_>>()?)
}
