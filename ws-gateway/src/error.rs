//! A refusal on its way out: one shape for REST, acknowledgements and events (contract: Errors).

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use chat_proto::ERROR_DOMAIN;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use tonic_types::StatusExt as _;
use utoipa::ToSchema;

/// Why something was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    code: Code,
    message: String,
    retry_after: Option<Duration>,
    /// Where it differs from the code's own.
    http: Option<StatusCode>,
}

/// What went wrong, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Code {
    Unauthenticated,
    NotAMember,
    NotFriends,
    Forbidden,
    NotFound,
    InvalidArgument,
    TooLarge,
    AlreadyExists,
    IdempotencyConflict,
    CursorAhead,
    FailedPrecondition,
    RateLimited,
    Unavailable,
    Internal,
}

const CODES: [(Code, &str, StatusCode); 14] = [
    (Code::Unauthenticated, "unauthenticated", StatusCode::UNAUTHORIZED),
    (Code::NotAMember, "not_a_member", StatusCode::FORBIDDEN),
    (Code::NotFriends, "not_friends", StatusCode::FORBIDDEN),
    (Code::Forbidden, "forbidden", StatusCode::FORBIDDEN),
    (Code::NotFound, "not_found", StatusCode::NOT_FOUND),
    (Code::InvalidArgument, "invalid_argument", StatusCode::BAD_REQUEST),
    (Code::TooLarge, "too_large", StatusCode::PAYLOAD_TOO_LARGE),
    (Code::AlreadyExists, "already_exists", StatusCode::CONFLICT),
    (Code::IdempotencyConflict, "idempotency_conflict", StatusCode::CONFLICT),
    (Code::CursorAhead, "cursor_ahead", StatusCode::CONFLICT),
    (Code::FailedPrecondition, "failed_precondition", StatusCode::CONFLICT),
    (Code::RateLimited, "rate_limited", StatusCode::TOO_MANY_REQUESTS),
    (Code::Unavailable, "unavailable", StatusCode::SERVICE_UNAVAILABLE),
    (Code::Internal, "internal", StatusCode::INTERNAL_SERVER_ERROR),
];

impl Code {
    fn row(self) -> (&'static str, StatusCode) {
        let row = CODES.iter().find(|(code, ..)| *code == self);
        row.map_or(("internal", StatusCode::INTERNAL_SERVER_ERROR), |(_, word, status)| (word, *status))
    }

    fn parse(word: &str) -> Self {
        CODES.iter().find(|(_, known, _)| *known == word).map_or(Self::Internal, |(code, ..)| *code)
    }
}

/// The codes as they are written.
#[cfg(test)]
pub(crate) fn words() -> [&'static str; CODES.len()] {
    CODES.map(|(_, word, _)| word)
}

/// `error` of an acknowledgement callback.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ErrorBody {
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
}

/// `application/problem+json` (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem<'a> {
    #[schema(value_type = String)]
    r#type: &'static str,
    title: &'a str,
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    detail: &'a str,
    #[schema(value_type = Code)]
    code: &'static str,
}

impl Refusal {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry_after: None, http: None }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidArgument, message)
    }

    pub(crate) fn unauthenticated() -> Self {
        Self::new(Code::Unauthenticated, "no valid session")
    }

    pub(crate) fn unavailable() -> Self {
        Self::new(Code::Unavailable, "the service is not available right now")
    }

    pub(crate) fn rate_limited(retry_after: Duration) -> Self {
        Self { retry_after: Some(retry_after), ..Self::new(Code::RateLimited, "too many requests") }
    }

    /// With another HTTP status than the code's own.
    pub(crate) fn with_http(self, status: StatusCode) -> Self {
        Self { http: Some(status), ..self }
    }

    /// A refusal inside a `SendMessages` stream.
    pub(crate) fn from_rejection(rejection: chat_proto::v1::Rejection) -> Self {
        let retry_after = rejection.retry_after.and_then(|duration| duration.try_into().ok());
        Self { retry_after, ..Self::new(Code::parse(&rejection.code), rejection.message) }
    }

    pub(crate) fn code(&self) -> &'static str {
        self.code.row().0
    }

    pub(crate) fn is(&self, code: Code) -> bool {
        self.code == code
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// Whether the same call may succeed later.
    pub(crate) fn retryable(&self) -> bool {
        matches!(self.code, Code::RateLimited | Code::Unavailable | Code::Internal)
    }

    /// When to come back, in milliseconds, rounded up.
    pub(crate) fn retry_after_ms(&self) -> Option<u64> {
        self.retry_after.map(|after| u64::try_from(after.as_millis()).unwrap_or(u64::MAX).saturating_add(1))
    }

    pub(crate) fn body(&self) -> ErrorBody {
        ErrorBody { code: self.code(), message: self.message.clone(), retry_after_ms: self.retry_after_ms() }
    }
}

impl From<tonic::Status> for Refusal {
    fn from(status: tonic::Status) -> Self {
        let details = status.get_error_details();
        match details.error_info() {
            Some(info) if info.domain == ERROR_DOMAIN => {
                let retry_after = details.retry_info().and_then(|info| info.retry_delay);
                Self { retry_after, ..Self::new(Code::parse(&info.reason), status.message()) }
            }
            // No word of the core's: the call did not get there, or its answer did not get back.
            _ if status.code() != tonic::Code::Unimplemented => Self::unavailable(),
            _ => {
                tracing::error!(%status, "the core does not know this call");
                Self::new(Code::Internal, "internal error")
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (code, status) = self.code.row();
        let status = self.http.unwrap_or(status);
        let title = status.canonical_reason().unwrap_or("Error");
        let problem = Problem { r#type: "about:blank", title, status: status.as_u16(), detail: &self.message, code };
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        if let Some(after) = self.retry_after {
            let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_is_its_own_word() {
        for (code, word, _) in CODES {
            assert_eq!(Code::parse(word), code);
        }
        assert_eq!(Code::parse("unheard of"), Code::Internal);
    }

    #[test]
    fn a_status_without_the_cores_word_is_unavailable() {
        assert!(Refusal::from(tonic::Status::unknown("broken pipe")).is(Code::Unavailable));
        assert!(Refusal::from(tonic::Status::unimplemented("")).is(Code::Internal));
    }
}
