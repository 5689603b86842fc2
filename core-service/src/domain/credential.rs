//! Who calls: what they show, and who that turns out to be.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::{Error, Result, SessionId, UserId};

/// A token of a session or a service account: 256 random bits in base64url. Exists only on its way to the client.
pub struct Token(String);

/// The SHA-256 of a token, which is all that is kept of it. A token has 256 bits of entropy, so that no slow hash
/// is needed against guessing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

/// What a call shows. Whether it is worth anything is decided in the transaction that does the work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A user's session.
    Session {
        /// The hash of the token that was shown.
        token: TokenHash,
        /// Whether it asks to act for somebody else, which no session may.
        on_behalf: bool,
    },
    /// The service token.
    Service {
        /// The user that the service acts for.
        on_behalf_of: Option<UserId>,
    },
    /// The token of a service account, which may do what its scopes say.
    Account {
        /// The hash of the token that was shown.
        token: TokenHash,
        /// The user that the service acts for.
        on_behalf_of: Option<UserId>,
    },
}

/// A user that acts, as the store knows them in the transaction at hand.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The store's key of the user.
    pub key: i64,
    /// The user.
    pub user: UserId,
    /// The session that acts; none where a service acts for the user.
    pub session: Option<SessionId>,
}

/// What the token of a service account begins with; a session's is shorter than any of those.
const ACCOUNT: &str = "hfs_";

/// Characters of a session's token: 32 bytes in base64url.
const SESSION_LENGTH: usize = 43;

impl Token {
    /// A new token of a service account. Errors: `internal` where the system gives no randomness.
    pub fn make_for_account() -> Result<Self> {
        Ok(Self(format!("{ACCOUNT}{}", Self::make()?.0)))
    }

    /// Whether a text has the form of a service account's token.
    #[must_use]
    pub fn is_of_account(text: &str) -> bool {
        text.len() == ACCOUNT.len() + SESSION_LENGTH && text.starts_with(ACCOUNT)
    }

    /// A new token. Errors: `internal` where the system gives no randomness.
    pub fn make() -> Result<Self> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|error| {
            tracing::error!(%error, "no randomness");
            Error::Internal
        })?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// What is stored of it.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(&self.0)
    }

    /// The token itself, for the answer to the client.
    #[must_use]
    pub fn reveal(self) -> String {
        self.0
    }
}

impl TokenHash {
    /// The hash of whatever was shown.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// The 32 bytes to store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for TokenHash {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("TokenHash(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_accounts_and_sessions_are_told_apart() {
        let session = Token::make().unwrap().reveal();
        assert_eq!(session.len(), SESSION_LENGTH);
        assert!(!Token::is_of_account(&session));
        assert!(!Token::is_of_account(&format!("{ACCOUNT}{}", &session[ACCOUNT.len()..])));
        assert!(Token::is_of_account(&Token::make_for_account().unwrap().reveal()));
    }
}
