//! The subcommand `healthcheck`: asks the process beside it whether it is ready, where there is neither a shell nor curl.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use crate::StartError;

/// How long the answer may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks for `/readyz` on an admin port of this machine. Errors: nobody answers in 2 s, or is not ready.
pub async fn run(admin: SocketAddr) -> Result<(), StartError> {
    let address = reachable(admin);
    let cannot = |error: &dyn std::fmt::Display| StartError::cannot(format!("ask {address}"), error);
    let url = format!("http://{address}/readyz").parse().map_err(|error| cannot(&error))?;
    let client = Client::builder(TokioExecutor::new()).build_http::<Body>();
    let answer = tokio::time::timeout(PATIENCE, client.get(url)).await;
    let answer = answer.map_err(|_| cannot(&format_args!("no answer in {} s", PATIENCE.as_secs())))?;
    match answer.map_err(|error| cannot(&whole(&error)))?.status() {
        StatusCode::OK => Ok(()),
        status => Err(StartError::Start(format!("{address} is not ready: {status}"))),
    }
}

/// An error with its reasons.
fn whole(error: &(dyn Error + 'static)) -> String {
    let reasons = std::iter::successors(Some(error), |&error| error.source());
    reasons.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Where a port that listens everywhere is reached from this machine.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_listens_everywhere_is_asked_here() {
        for (listen, here) in [("0.0.0.0:1", "127.0.0.1:1"), ("[::]:1", "[::1]:1"), ("10.0.0.1:1", "10.0.0.1:1")] {
            assert_eq!(reachable(listen.parse().unwrap()), here.parse().unwrap());
        }
    }
}
