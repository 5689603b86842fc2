//! A refusal as a gRPC status (contract: Errors): the code travels as `google.rpc.ErrorInfo.reason`.

use std::collections::HashMap;

use chat_proto::ERROR_DOMAIN;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::domain::Error;

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let code = match &error {
            Error::Unauthenticated | Error::WrongPassword => Code::Unauthenticated,
            Error::NotAMember | Error::NotFriends | Error::Forbidden(_) => Code::PermissionDenied,
            Error::NotFound(_) => Code::NotFound,
            Error::InvalidArgument { .. } | Error::TooLarge { .. } => Code::InvalidArgument,
            Error::AlreadyExists(_) | Error::IdempotencyConflict => Code::AlreadyExists,
            Error::CursorAhead => Code::OutOfRange,
            Error::FailedPrecondition(_) => Code::FailedPrecondition,
            Error::RateLimited { .. } => Code::ResourceExhausted,
            Error::Unavailable => Code::Unavailable,
            Error::Internal => Code::Internal,
        };
        let mut details = ErrorDetails::with_error_info(error.code(), ERROR_DOMAIN, HashMap::new());
        if let Error::RateLimited { retry_after } = error {
            details.set_retry_info(Some(retry_after));
        }
        Status::with_error_details(code, error.to_string(), details)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_status_carries_the_code_and_when_to_come_back() {
        let retry_after = Duration::from_millis(1_500);
        let status = Status::from(Error::RateLimited { retry_after });
        assert_eq!(status.code(), Code::ResourceExhausted);
        let details = status.get_error_details();
        assert_eq!(details.error_info().unwrap().reason, "rate_limited");
        assert_eq!(details.error_info().unwrap().domain, "chat.v1");
        assert_eq!(details.retry_info().unwrap().retry_delay, Some(retry_after));
    }
}
