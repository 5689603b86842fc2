//! Bodies, queries and paths, refused in the contract's words.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use http::StatusCode;
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::error::{Code, Refusal};

/// A JSON body.
pub(super) struct Body<T>(pub(super) T);

/// The parameters of a query.
pub(super) struct Params<T>(pub(super) T);

/// The parameter of a path, or a tuple of them.
pub(crate) struct Segment<T = String>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        match Json::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(JsonRejection::MissingJsonContentType(_)) => {
                let refusal = Refusal::invalid("content-type: must be application/json");
                Err(refusal.with_http(StatusCode::UNSUPPORTED_MEDIA_TYPE))
            }
            Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(Refusal::new(Code::TooLarge, "body: longer than 256 KiB"))
            }
            Err(rejection) => Err(Refusal::invalid(format!("body: {}", rejection.body_text()))),
        }
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(params)) => Ok(Self(params)),
            Err(rejection) => Err(Refusal::invalid(format!("query: {}", rejection.body_text()))),
        }
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Segment<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(segment)) => Ok(Self(segment)),
            Err(_) => Err(Refusal::invalid("path: not UTF-8")),
        }
    }
}
