//! Where a request comes from: the peer's address, or what a trusted proxy says of it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRef, FromRequestParts};
use http::HeaderMap;
use http::request::Parts;
use ipnet::IpNet;

use crate::error::Refusal;

/// The networks of trusted proxies.
#[derive(Clone, Debug)]
pub(crate) struct Peers(Arc<[IpNet]>);

/// The client at the other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Peer {
    /// The address that rate limits count by.
    pub(crate) address: IpAddr,
    /// Whether a trusted proxy says that it speaks HTTPS to the client.
    pub(crate) https: bool,
}

impl Peers {
    pub(crate) fn new(trusted: Vec<IpNet>) -> Self {
        Self(trusted.into())
    }

    /// Who is at the other end of a connection with these headers.
    pub(crate) fn behind(&self, connection: IpAddr, headers: &HeaderMap) -> Peer {
        if !self.trusts(connection) {
            return Peer { address: connection, https: false };
        }
        let forwarded = headers.get_all("x-forwarded-for").into_iter().filter_map(|value| value.to_str().ok());
        let hops: Vec<IpAddr> =
            forwarded.flat_map(|value| value.split(',')).filter_map(|hop| hop.trim().parse().ok()).collect();
        let client = hops.into_iter().rev().find(|hop| !self.trusts(*hop));
        let https = headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https");
        Peer { address: client.unwrap_or(connection), https }
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

impl<S: Sync> FromRequestParts<S> for Peer
where
    Peers: FromRef<S>,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let connection = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let connection = connection.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(address)| address.ip());
        Ok(Peers::from_ref(state).behind(connection, &parts.headers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(connection: &str, forwarded: &[&str]) -> String {
        let peers = Peers::new(vec!["10.0.0.0/8".parse().unwrap()]);
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        peers.behind(connection.parse().unwrap(), &headers).address.to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_and_the_right_most_stranger_counts() {
        assert_eq!(address("192.0.2.1", &["203.0.113.9"]), "192.0.2.1");
        assert_eq!(address("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(address("10.0.0.1", &["198.51.100.7, 203.0.113.9, 10.0.0.2"]), "203.0.113.9");
        assert_eq!(address("10.0.0.1", &["198.51.100.7", "203.0.113.9"]), "203.0.113.9");
        assert_eq!(address("10.0.0.1", &["10.0.0.3"]), "10.0.0.1");
    }
}
