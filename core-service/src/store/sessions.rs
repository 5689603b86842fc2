//! Sessions: opened by sign-up and log-in, ended by revocation or by time.

use rusqlite::{OptionalExtension as _, Row};

use super::writer::WriteTx;
use super::{Store, accounts, time};
use crate::domain::{
    Actor, Credential, Error, Event, LiveSession, NewSession, Profile, Result, SessionId, UserEvent, UserId,
};

/// Who the caller is.
#[derive(Clone, Debug)]
pub struct Me {
    /// The user.
    pub profile: Profile,
    /// The session that asks; none for a service.
    pub session: Option<LiveSession>,
}

/// The columns that [`live`] reads.
const SESSION: &str = "SELECT session_id, created_at, last_seen_at, expires_at, user_agent FROM sessions";

impl Store {
    /// Opens a session where the verified password still holds. Errors: `unauthenticated`, `unavailable`.
    pub async fn log_in(&self, user: UserId, verified: String, session: NewSession) -> Result<Profile> {
        self.writer
            .submit(move |tx| {
                let mut statement = tx
                    .connection()
                    .prepare_cached("SELECT key, display_name FROM users WHERE user_id = ?1 AND password_hash = ?2")?;
                let found = statement.query_row((user.as_str(), verified), |row| Ok((row.get(0)?, row.get(1)?)));
                let (key, display_name) = found.optional()?.ok_or(Error::Unauthenticated)?;
                drop(statement);
                open(tx, key, &session)?;
                Ok(Profile { user, display_name })
            })
            .await
    }

    /// Who the caller is. Errors: `unauthenticated`.
    pub async fn me(&self, credential: Credential) -> Result<Me> {
        self.read_as(credential, |connection, actor| {
            let mut statement = connection.prepare_cached(&format!("{SESSION} WHERE session_id = ?1"))?;
            let session = match &actor.session {
                Some(session) => Some(statement.query_row([session.as_bytes()], live)?),
                None => None,
            };
            Ok(Me { profile: accounts::profile(connection, actor)?, session })
        })
        .await
    }

    /// What the caller of something that cannot exist is told: strangers, no more than that they are.
    pub async fn refusal(&self, credential: Credential, refusal: Error) -> Error {
        self.me(credential).await.err().unwrap_or(refusal)
    }

    /// The actor's live sessions, the newest first, and which of them asks. Errors: `unauthenticated`.
    pub async fn sessions(&self, credential: Credential) -> Result<(Vec<LiveSession>, Option<SessionId>)> {
        let now = self.clock.now();
        self.read_as(credential, move |connection, actor| {
            let sql = format!("{SESSION} WHERE user = ?1 AND expires_at > ?2 ORDER BY created_at DESC, session_id");
            let mut statement = connection.prepare_cached(&sql)?;
            let sessions = statement.query_map((actor.key, now.millis()), live)?;
            Ok((sessions.collect::<rusqlite::Result<_>>()?, actor.session))
        })
        .await
    }

    /// Revokes the session that calls. Errors: `unauthenticated`, `forbidden` (a service), `unavailable`.
    pub async fn log_out(&self, credential: Credential) -> Result<()> {
        self.write_as(credential, |tx, actor| {
            let session = actor.session.ok_or(Error::Forbidden("a service has no session to end"))?;
            revoke(tx, actor, session)
        })
        .await
    }

    /// Revokes one of the actor's sessions. Errors: `unauthenticated`, `not_found`, `unavailable`.
    pub async fn revoke_session(&self, credential: Credential, session: SessionId) -> Result<()> {
        self.write_as(credential, move |tx, actor| revoke(tx, actor, session)).await
    }
}

/// Opens a session, and sweeps those whose time is over.
pub(super) fn open(tx: &mut WriteTx<'_>, user: i64, session: &NewSession) -> Result<()> {
    let now = tx.now().millis();
    tx.connection().prepare_cached("DELETE FROM sessions WHERE expires_at <= ?1")?.execute([now])?;
    let mut insert = tx.connection().prepare_cached(
        "INSERT INTO sessions (token_hash, session_id, user, created_at, last_seen_at, expires_at, user_agent)
         VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6)",
    )?;
    insert.execute((
        session.token.as_bytes(),
        session.id.as_bytes(),
        user,
        now,
        session.expires_at.millis(),
        &session.user_agent,
    ))?;
    Ok(())
}

/// Revokes every session of the actor but the one that acts.
pub(super) fn revoke_others(tx: &mut WriteTx<'_>, actor: &Actor) -> Result<()> {
    let mut statement = tx.connection().prepare_cached("SELECT session_id FROM sessions WHERE user = ?1")?;
    let sessions = statement.query_map([actor.key], |row| row.get(0).map(SessionId::stored))?;
    let sessions = sessions.collect::<rusqlite::Result<Vec<_>>>()?;
    drop(statement);
    for session in sessions.into_iter().filter(|session| Some(*session) != actor.session) {
        revoke(tx, actor, session)?;
    }
    Ok(())
}

fn revoke(tx: &mut WriteTx<'_>, actor: &Actor, session: SessionId) -> Result<()> {
    let mut delete = tx.connection().prepare_cached("DELETE FROM sessions WHERE session_id = ?1 AND user = ?2")?;
    if delete.execute((session.as_bytes(), actor.key))? == 0 {
        return Err(Error::NotFound("session"));
    }
    drop(delete);
    tx.tell(Event::User(actor.user.clone(), UserEvent::SessionRevoked(session)));
    Ok(())
}

fn live(row: &Row<'_>) -> rusqlite::Result<LiveSession> {
    Ok(LiveSession {
        id: SessionId::stored(row.get("session_id")?),
        created_at: time(row, "created_at")?,
        last_seen_at: time(row, "last_seen_at")?,
        expires_at: time(row, "expires_at")?,
        user_agent: row.get("user_agent")?,
    })
}
