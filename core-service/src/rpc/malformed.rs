//! Requests that never reach a service, because they are no protobuf or too long: they get the contract's code too.

use http::Response;
use tonic::{Code, Status};

use crate::domain::Error;

/// Gives a refusal of the transport's own the code that the contract has for it. Every refusal of the services
/// carries details, so that one without comes from the transport.
pub(crate) fn label_malformed<B: Default>(response: Response<B>) -> Response<B> {
    match Status::from_header_map(response.headers()) {
        Some(status) if status.details().is_empty() => relabel(&status).map_or(response, |status| status.into_http()),
        _ => response,
    }
}

/// The transport's words for what the contract calls `invalid_argument` and `too_large`.
pub(super) fn relabel(status: &Status) -> Option<Status> {
    match status.code() {
        Code::Internal => Some(Error::invalid("request", "not a protobuf message of this call").into()),
        Code::OutOfRange => Some(Error::TooLarge { field: "request", limit: "1 MiB".to_owned() }.into()),
        _ => None,
    }
}
