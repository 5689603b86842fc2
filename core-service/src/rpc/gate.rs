//! Who calls: what the metadata shows, without any trust in it yet.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use chat_process::ServiceToken;
use subtle::ConstantTimeEq as _;
use tonic::Request;
use tonic::metadata::MetadataMap;

use crate::domain::{Credential, Error, Result, Token, TokenHash, UserId};
use crate::limits::Limits;

/// Tells sessions, service accounts and the service token apart, and counts calls.
#[derive(Clone)]
pub(super) struct Gate {
    service_token: TokenHash,
    limits: Arc<Limits>,
}

impl Gate {
    pub(super) fn new(service_token: &ServiceToken, limits: Arc<Limits>) -> Self {
        Self { service_token: TokenHash::of(service_token.reveal()), limits }
    }

    /// What the caller shows, for a call that counts. Errors: `unauthenticated` where it shows nothing,
    /// `invalid_argument`, `rate_limited`.
    pub(super) fn admit<T>(&self, request: &Request<T>) -> Result<Credential> {
        let credential = self.identify(request.metadata())?;
        self.count(&credential)?;
        Ok(credential)
    }

    /// Counts a call of a session. Errors: `rate_limited`.
    pub(super) fn count(&self, credential: &Credential) -> Result<()> {
        match credential {
            Credential::Session { token, .. } => self.limits.check_call(token),
            // Many users' calls come by one account, and it is an operator's to give.
            Credential::Account { .. } | Credential::Service { .. } => Ok(()),
        }
    }

    /// Counts a part of a file that a session reads. Errors: `rate_limited`.
    pub(super) fn count_part(&self, credential: &Credential) -> Result<()> {
        match credential {
            Credential::Session { token, .. } => self.limits.check_part(token),
            Credential::Account { .. } | Credential::Service { .. } => Ok(()),
        }
    }

    /// What the caller shows. Errors: `unauthenticated` where it shows nothing, `invalid_argument`.
    pub(super) fn identify(&self, metadata: &MetadataMap) -> Result<Credential> {
        let shown = bearer(metadata).ok_or(Error::Unauthenticated)?;
        let (token, on_behalf_of) = (TokenHash::of(shown), metadata.get("x-on-behalf-of"));
        let (is_service, is_account) = (self.is_service(&token), Token::is_of_account(shown));
        if !is_service && !is_account {
            return Ok(Credential::Session { token, on_behalf: on_behalf_of.is_some() });
        }
        // What is no text is no user id either.
        let user = on_behalf_of.map(|user| UserId::parse("x-on-behalf-of", user.to_str().unwrap_or_default()));
        let on_behalf_of = user.transpose()?;
        Ok(match is_service {
            true => Credential::Service { on_behalf_of },
            false => Credential::Account { token, on_behalf_of },
        })
    }

    /// The address that a sign-up or log-in comes from: what the gateway says, otherwise the peer's own.
    pub(super) fn address<T>(&self, request: &Request<T>, said: Option<&str>) -> Result<IpAddr> {
        // A peer on a Unix socket is this machine.
        let peer = request.remote_addr().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.ip());
        let trusted = bearer(request.metadata()).is_some_and(|token| self.is_service(&TokenHash::of(token)));
        match said.filter(|said| trusted && !said.is_empty()) {
            Some(said) => said.parse().map_err(|_| Error::invalid("client.address", "not an IP address")),
            None => Ok(peer),
        }
    }

    fn is_service(&self, token: &TokenHash) -> bool {
        token.as_bytes().ct_eq(self.service_token.as_bytes()).into()
    }
}

/// The token of an `authorization: Bearer` header (RFC 6750).
fn bearer(metadata: &MetadataMap) -> Option<&str> {
    let (scheme, token) = metadata.get("authorization")?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn identify(pairs: &[(&'static str, &'static str)]) -> Result<Credential> {
        let gate = Gate::new(&ServiceToken::parse(SECRET).unwrap(), Arc::new(Limits::new(None)));
        let mut metadata = MetadataMap::new();
        for (name, value) in pairs {
            metadata.insert(*name, value.parse().unwrap());
        }
        gate.identify(&metadata)
    }

    #[test]
    fn nothing_shown_is_unauthenticated() {
        for shown in [&[][..], &[("authorization", "Bearer")], &[("authorization", "Basic x")]] {
            assert_eq!(identify(shown), Err(Error::Unauthenticated), "{shown:?}");
        }
    }

    #[test]
    fn the_service_may_say_for_whom_and_a_session_is_known_to_have_tried() {
        let service = ("authorization", "Bearer 0123456789abcdef0123456789abcdef");
        assert_eq!(identify(&[service]), Ok(Credential::Service { on_behalf_of: None }));
        let alice = Some(UserId::stored("alice"));
        assert_eq!(identify(&[service, ("x-on-behalf-of", "alice")]), Ok(Credential::Service { on_behalf_of: alice }));
        assert!(matches!(identify(&[service, ("x-on-behalf-of", "A")]), Err(Error::InvalidArgument { .. })));
        let session = ("authorization", "bearer abc");
        let token = TokenHash::of("abc");
        assert_eq!(identify(&[session]), Ok(Credential::Session { token, on_behalf: false }));
        assert_eq!(
            identify(&[session, ("x-on-behalf-of", "alice")]),
            Ok(Credential::Session { token, on_behalf: true })
        );
    }
}
