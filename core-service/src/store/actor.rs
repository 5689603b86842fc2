//! Who acts: the first statement of every transaction.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _};

use super::time;
use crate::domain::{Actor, Credential, Error, Result, Scope, Scopes, SessionId, Timestamp, TokenHash, UserId};

/// How exact it is known when something was last used.
const TOUCH_EVERY: Duration = Duration::from_secs(60);

/// Whose last use is due to be noted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Touch {
    Session(SessionId),
    Account(TokenHash),
}

/// What a call does, as far as service accounts are concerned.
#[derive(Clone, Copy, Debug)]
pub(super) enum Power {
    /// What no account may do.
    Own,
    /// What an account with this scope may do.
    Scoped(Scope),
}

/// The actor behind a credential, and whose last use is due to be noted. Errors: `unauthenticated`, `forbidden`,
/// `invalid_argument` (a service that does not say for whom), `not_found` (for nobody known).
pub(super) fn find(
    connection: &Connection,
    credential: &Credential,
    power: Power,
    now: Timestamp,
) -> Result<(Actor, Option<Touch>)> {
    match credential {
        Credential::Session { token, on_behalf } => {
            let (actor, last_seen) = by_session(connection, token, now)?.ok_or(Error::Unauthenticated)?;
            if *on_behalf {
                return Err(Error::Forbidden("only a service may act for somebody else"));
            }
            let due = now.since(last_seen) >= TOUCH_EVERY;
            let touch = actor.session.filter(|_| due).map(Touch::Session);
            Ok((actor, touch))
        }
        Credential::Service { on_behalf_of } => Ok((acting_for(connection, on_behalf_of.as_ref())?, None)),
        Credential::Account { token, on_behalf_of } => {
            let touch = account(connection, token, power, now)?;
            Ok((acting_for(connection, on_behalf_of.as_ref())?, touch))
        }
    }
}

/// Makes sure that a service account may do something. Errors: `unauthenticated`, `forbidden`.
pub(super) fn account(
    connection: &Connection,
    token: &TokenHash,
    power: Power,
    now: Timestamp,
) -> Result<Option<Touch>> {
    let sql = "SELECT scopes, last_used_at FROM service_accounts WHERE token_hash = ?1";
    let found = connection.prepare_cached(sql)?.query_row([token.as_bytes()], |row| {
        Ok((row.get::<_, String>("scopes")?, row.get::<_, Option<i64>>("last_used_at")?.map(Timestamp::stored)))
    });
    let (scopes, last_used) = found.optional()?.ok_or(Error::Unauthenticated)?;
    let covered = matches!(power, Power::Scoped(scope) if Scopes::stored(&scopes).cover(scope));
    if !covered {
        return Err(Error::Forbidden("the scopes of this service account do not cover it"));
    }
    let due = last_used.is_none_or(|last_used| now.since(last_used) >= TOUCH_EVERY);
    Ok(due.then_some(Touch::Account(*token)))
}

fn acting_for(connection: &Connection, user: Option<&UserId>) -> Result<Actor> {
    let missing = Error::invalid("x-on-behalf-of", "a service must say for whom it acts");
    let user = user.ok_or(missing)?.clone();
    Ok(Actor { key: user_key(connection, &user)?, user, session: None })
}

/// The store's key of a user. Errors: `not_found`.
pub(super) fn user_key(connection: &Connection, user: &UserId) -> Result<i64> {
    let mut statement = connection.prepare_cached("SELECT key FROM users WHERE user_id = ?1")?;
    statement.query_row([user.as_str()], |row| row.get(0)).optional()?.ok_or(Error::NotFound("user"))
}

/// Notes a use.
pub(super) fn touch(connection: &Connection, touch: Touch, now: Timestamp) -> Result<()> {
    match touch {
        Touch::Session(session) => {
            let sql = "UPDATE sessions SET last_seen_at = ?2 WHERE session_id = ?1";
            connection.prepare_cached(sql)?.execute((session.as_bytes(), now.millis()))?;
        }
        Touch::Account(token) => {
            let sql = "UPDATE service_accounts SET last_used_at = ?2 WHERE token_hash = ?1";
            connection.prepare_cached(sql)?.execute((token.as_bytes(), now.millis()))?;
        }
    }
    Ok(())
}

fn by_session(connection: &Connection, token: &TokenHash, now: Timestamp) -> Result<Option<(Actor, Timestamp)>> {
    let mut statement = connection.prepare_cached(
        "SELECT users.key, users.user_id, session_id, last_seen_at FROM sessions JOIN users ON users.key = sessions.user
         WHERE token_hash = ?1 AND expires_at > ?2",
    )?;
    let found = statement.query_row((token.as_bytes(), now.millis()), |row| {
        let actor = Actor {
            key: row.get("key")?,
            user: UserId::stored(row.get_ref("user_id")?.as_str()?),
            session: Some(SessionId::stored(row.get("session_id")?)),
        };
        Ok((actor, time(row, "last_seen_at")?))
    });
    Ok(found.optional()?)
}
