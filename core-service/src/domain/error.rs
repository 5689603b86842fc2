//! The one error of the domain: each variant is a code of the wire (contract: Errors).

use std::time::Duration;

/// What a use case answers.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call was refused. The texts are shown to callers: they never name anything that a stranger may not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No, unknown, expired or revoked session.
    #[error("no valid session")]
    Unauthenticated,
    /// Unknown user or wrong password: the two look the same.
    #[error("wrong user id or password")]
    WrongPassword,
    /// The room does not exist or the caller is no member of it: the two look the same.
    #[error("not a member of this room")]
    NotAMember,
    /// A direct room with somebody who is no friend.
    #[error("not friends")]
    NotFriends,
    /// Somebody else's to do.
    #[error("{0}")]
    Forbidden(&'static str),
    /// Nothing there by that name.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// Malformed or out-of-range input.
    #[error("{field}: {problem}")]
    InvalidArgument {
        /// The field, in the wire's camelCase spelling.
        field: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Input over its limit.
    #[error("{field}: longer than {limit}")]
    TooLarge {
        /// The field, in the wire's camelCase spelling.
        field: &'static str,
        /// The limit with its unit.
        limit: String,
    },
    /// The id is taken.
    #[error("{0} is taken")]
    AlreadyExists(&'static str),
    /// The same client message id with other content.
    #[error("clientMsgId: used before in this room with other content")]
    IdempotencyConflict,
    /// A cursor beyond the room's newest position: the client's copy belongs to another history.
    #[error("afterSeq: beyond the room's latest message")]
    CursorAhead,
    /// The state of things does not allow it.
    #[error("{0}")]
    FailedPrecondition(&'static str),
    /// Too much, too fast.
    #[error("too many requests")]
    RateLimited {
        /// When it is worth trying again.
        retry_after: Duration,
    },
    /// Nothing was decided; the same call is safe to repeat.
    #[error("the service is not available right now")]
    Unavailable,
    /// A fault of the server. What happened is in the log, and nowhere else.
    #[error("internal error")]
    Internal,
}

impl Error {
    /// The code that every surface shows.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unauthenticated | Self::WrongPassword => "unauthenticated",
            Self::NotAMember => "not_a_member",
            Self::NotFriends => "not_friends",
            Self::Forbidden(_) => "forbidden",
            Self::NotFound(_) => "not_found",
            Self::InvalidArgument { .. } => "invalid_argument",
            Self::TooLarge { .. } => "too_large",
            Self::AlreadyExists(_) => "already_exists",
            Self::IdempotencyConflict => "idempotency_conflict",
            Self::CursorAhead => "cursor_ahead",
            Self::FailedPrecondition(_) => "failed_precondition",
            Self::RateLimited { .. } => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }

    /// Shorthand for malformed input.
    #[must_use]
    pub fn invalid(field: &'static str, problem: &'static str) -> Self {
        Self::InvalidArgument { field, problem }
    }
}
