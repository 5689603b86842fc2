//! Who acts: the first statement of every transaction.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _};

use super::time;
use crate::domain::{Actor, Credential, Error, Result, SessionId, Timestamp, TokenHash, UserId};

/// How exact `last_seen_at` is.
const TOUCH_EVERY: Duration = Duration::from_secs(60);

/// The actor behind a credential, and the session whose `last_seen_at` is due. Errors: `unauthenticated`,
/// `forbidden`, `invalid_argument` (a service that does not say for whom), `not_found` (for nobody known).
pub(super) fn find(
    connection: &Connection,
    credential: &Credential,
    now: Timestamp,
) -> Result<(Actor, Option<SessionId>)> {
    match credential {
        Credential::Session { token, on_behalf } => {
            let (actor, last_seen) = by_session(connection, token, now)?.ok_or(Error::Unauthenticated)?;
            if *on_behalf {
                return Err(Error::Forbidden("only a service may act for somebody else"));
            }
            let due = now.since(last_seen) >= TOUCH_EVERY;
            let touch = actor.session.filter(|_| due);
            Ok((actor, touch))
        }
        Credential::Service { on_behalf_of } => {
            let missing = Error::invalid("x-on-behalf-of", "a service must say for whom it acts");
            let user = on_behalf_of.clone().ok_or(missing)?;
            let key = user_key(connection, &user)?;
            Ok((Actor { key, user, session: None }, None))
        }
    }
}

/// The store's key of a user. Errors: `not_found`.
pub(super) fn user_key(connection: &Connection, user: &UserId) -> Result<i64> {
    let mut statement = connection.prepare_cached("SELECT key FROM users WHERE user_id = ?1")?;
    statement.query_row([user.as_str()], |row| row.get(0)).optional()?.ok_or(Error::NotFound("user"))
}

/// Notes that a session was used.
pub(super) fn touch(connection: &Connection, session: &SessionId, now: Timestamp) -> Result<()> {
    let mut statement = connection.prepare_cached("UPDATE sessions SET last_seen_at = ?2 WHERE session_id = ?1")?;
    statement.execute((session.as_bytes(), now.millis()))?;
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
