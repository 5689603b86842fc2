//! Who calls: the token that a request shows. Whether it is worth anything the core decides.

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, header};

use crate::error::Refusal;

/// The cookie that holds a browser's session token.
pub(crate) const COOKIE: &str = "chat_session";

/// A caller that shows a token. A handler that takes none is public.
pub(crate) struct Caller {
    pub(crate) token: String,
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let token = token(&parts.headers).ok_or_else(Refusal::unauthenticated)?;
        Ok(Self { token: token.to_owned() })
    }
}

/// The token of an `Authorization: Bearer` header (RFC 6750), otherwise of the cookie.
pub(crate) fn token(headers: &HeaderMap) -> Option<&str> {
    match headers.get(header::AUTHORIZATION) {
        Some(shown) => bearer(shown.to_str().ok()?),
        None => cookie(headers),
    }
}

fn bearer(shown: &str) -> Option<&str> {
    let (scheme, token) = shown.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let pairs = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = pairs.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(name, value)| (name == COOKIE && !value.is_empty()).then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(pairs: &[(header::HeaderName, &'static str)]) -> Option<String> {
        let headers = pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        token(&headers).map(ToOwned::to_owned)
    }

    #[test]
    fn a_token_comes_by_header_or_cookie() {
        assert_eq!(shown(&[]), None);
        assert_eq!(shown(&[(header::AUTHORIZATION, "bearer abc")]).as_deref(), Some("abc"));
        assert_eq!(shown(&[(header::COOKIE, "a=b; chat_session=xyz; c")]).as_deref(), Some("xyz"));
        assert_eq!(shown(&[(header::COOKIE, "chat_session=")]), None);
        let both = [(header::COOKIE, "chat_session=xyz"), (header::AUTHORIZATION, "Bearer abc")];
        assert_eq!(shown(&both).as_deref(), Some("abc"));
        assert_eq!(shown(&[(header::AUTHORIZATION, "Basic abc"), (header::COOKIE, "chat_session=x")]), None);
    }
}
