//! Accounts and their sessions.

use super::{DisplayName, SessionId, Timestamp, TokenHash, UserId};

/// An account on its way in.
#[derive(Debug)]
pub struct Account {
    /// The id that the person chose.
    pub user: UserId,
    /// How they are called.
    pub display_name: DisplayName,
    /// The PHC string of the password.
    pub password_hash: String,
}

/// A session on its way in.
#[derive(Debug)]
pub struct NewSession {
    /// Its id.
    pub id: SessionId,
    /// What is kept of its token.
    pub token: TokenHash,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// The client's name for itself.
    pub user_agent: String,
}

/// What everybody may know about a user.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The id.
    pub user: UserId,
    /// How they are called.
    pub display_name: String,
}

/// A session that is neither revoked nor expired.
#[derive(Clone, Debug)]
pub struct LiveSession {
    /// Its id.
    pub id: SessionId,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last used, to within a minute.
    pub last_seen_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// The client's name for itself.
    pub user_agent: String,
}
