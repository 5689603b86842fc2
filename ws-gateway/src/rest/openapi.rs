//! `/openapi.json`: the REST surface, described. What a route takes and answers stands at its handler; what all of them
//! have in common is added here.

use std::sync::LazyLock;

use axum::response::IntoResponse;
use http::header;
use utoipa::OpenApi;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, ObjectBuilder, Ref, RefOr, ResponseBuilder, Type};

use super::described;
use crate::auth::COOKIE;
use crate::error::{Code, Problem};

/// What is said of the surface as a whole.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Holdfast",
        version = env!("CARGO_PKG_VERSION"),
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    security(("bearer" = []), ("cookie" = [])),
    components(schemas(Code, Problem)),
    tags(
        (name = "auth", description = "Accounts and sessions"),
        (name = "friends", description = "Friends, and requests to become one"),
        (name = "rooms", description = "Rooms and their members"),
        (name = "messages", description = "Reading and sending without a socket"),
        (name = "invites", description = "Invites to channels"),
        (name = "direct", description = "Rooms of two friends"),
        (name = "files", description = "Files, sent by reference"),
        (name = "service", description = "The process itself"),
    ),
)]
struct Beginning;

static DESCRIPTION: LazyLock<String> = LazyLock::new(|| description().to_json().unwrap_or_default());

/// Describes the REST surface.
#[utoipa::path(
    get, path = "/openapi.json", operation_id = "getDescription", tag = "service", security(()),
    responses((status = 200, description = "This description", body = Object, content_type = "application/json")),
)]
pub(super) async fn describe() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], DESCRIPTION.as_str())
}

/// The description without a route.
pub(super) fn beginning() -> utoipa::openapi::OpenApi {
    let mut api = Beginning::openapi();
    let components = api.components.get_or_insert_default();
    components
        .add_security_scheme("bearer", SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()));
    components.add_security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(COOKIE))));
    api
}

/// The whole description.
fn description() -> utoipa::openapi::OpenApi {
    let mut api = described().into_openapi();
    for item in api.paths.paths.values_mut() {
        let PathItem { get, post, delete, .. } = item;
        for operation in post.iter_mut().chain(delete.iter_mut()) {
            refuse(operation, "403", "`forbidden`: a request from another site");
        }
        for operation in [get, post, delete].into_iter().flatten() {
            complete(operation);
        }
    }
    api
}

/// Adds what every operation may answer besides what its handler says. Those about the process itself refuse nothing.
fn complete(operation: &mut Operation) {
    if operation.tags.iter().flatten().any(|tag| tag == "service") {
        return;
    }
    if operation.parameters.is_some() || operation.request_body.is_some() {
        refuse(operation, "400", "`invalid_argument`: malformed or out of range; `detail` names the field");
    }
    // Those that need no session say so.
    if operation.security.is_none() {
        refuse(operation, "401", "`unauthenticated`: no, unknown, expired or revoked session");
    }
    let kind = operation.request_body.as_ref().and_then(|body| body.content.keys().next().cloned());
    if let Some(kind) = kind {
        refuse(operation, "415", &format!("`invalid_argument`: the content type is not {kind}"));
        if kind == "application/json" {
            refuse(operation, "413", "`too_large`: the body is longer than 256 KiB, or a text in it over its limit");
        }
    }
    refuse(operation, "429", "`rate_limited`: too many requests");
    refuse(operation, "500", "`internal`: a fault of the server");
    refuse(operation, "503", "`unavailable`: the core is not reachable or is shutting down; safe to retry");
    for (status, response) in &mut operation.responses.responses {
        if let (true, RefOr::T(response)) = (status.as_str() >= "400", response) {
            let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
            response.content.insert("application/problem+json".to_owned(), problem);
        }
    }
}

/// Adds a refusal, to one with the same status if there is one.
fn refuse(operation: &mut Operation, status: &str, why: &str) {
    let responses = &mut operation.responses.responses;
    if let Some(RefOr::T(response)) = responses.get_mut(status) {
        response.description = format!("{}; {why}", response.description);
        return;
    }
    let mut response = ResponseBuilder::new().description(why);
    if status == "429" {
        let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).build();
        let header = HeaderBuilder::new().schema(seconds).description(Some("Seconds until it may be tried again"));
        response = response.header("Retry-After", header.build());
    }
    responses.insert(status.to_owned(), RefOr::T(response.build()));
}

#[cfg(test)]
mod tests;
