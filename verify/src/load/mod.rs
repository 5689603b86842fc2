//! `chat-verify load`: measures a service that runs already, and judges the record that the figures come from. Figures
//! of a service that loses, repeats or reorders messages mean nothing, so that there are none then.

mod crew;
mod fanout;
mod figures;
mod idle;
mod latency;
mod pace;
mod resync;
mod seat;
mod send;
mod usage;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use http::Method;
use serde::Serialize;
use tokio::net::TcpStream;
use tokio::time::timeout;

pub use figures::Figures;

use crate::http::Http;
use crate::link::Surface;

/// Messages of one page, where pages are not what is measured.
const PAGE: u32 = 500;

/// How long it may take to find out that nobody listens.
const REACH: Duration = Duration::from_secs(3);

/// What is measured.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    scenario: Scenario,
}

#[derive(Clone, Debug, clap::Subcommand, Serialize)]
#[serde(tag = "scenario", rename_all = "camelCase")]
enum Scenario {
    /// Clients that send, each into a room of its own: from the send to its acknowledgement
    Send(send::Args),
    /// Some send into one room, many hear it: from the send to its arrival at each
    Fanout(fanout::Args),
    /// Connections on which nothing happens: what they take
    Idle(idle::Args),
    /// A long room that is read from its beginning by many at once: from the question to its page
    Resync(resync::Args),
}

/// What is measured where.
#[derive(Clone, Debug, clap::Args)]
struct Target {
    /// A gateway that runs, such as http://127.0.0.1:3000, without rate limits
    #[arg(long, value_name = "URL", value_parser = place)]
    gateway: String,
    /// The core behind it, such as http://127.0.0.1:50051, for what goes over gRPC
    #[arg(long, value_name = "URL", value_parser = place)]
    core: Option<String>,
    /// A process whose processor time and memory are told; may be repeated
    #[arg(long, value_name = "PID", value_parser = clap::value_parser!(u32).range(1..))]
    pid: Vec<u32>,
    /// Also writes all figures as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl Args {
    /// Where the figures go as JSON.
    #[must_use]
    pub fn json(&self) -> Option<&Path> {
        self.scenario.target().json.as_deref()
    }

    /// What does not fit together in the arguments.
    #[must_use]
    pub fn wrong(&self) -> Option<&'static str> {
        match &self.scenario {
            Scenario::Send(args) => args.wrong(),
            Scenario::Fanout(args) => args.wrong(),
            Scenario::Idle(args) => (args.via == Surface::GrpcUnary).then_some(ONLY_SENDS),
            Scenario::Resync(args) => (args.via == Surface::GrpcUnary).then_some(ONLY_SENDS),
        }
    }
}

/// Why a way is not there for more.
const ONLY_SENDS: &str = "grpc-unary is a way to send; pages are unary calls over grpc as well";

/// Measures. Errors: the service cannot be measured, or the record shows that it broke its promise.
pub async fn run(args: &Args) -> Result<Figures> {
    let target = args.scenario.target();
    reach(&target.gateway).await?;
    let healthy = Http::new(&target.gateway).exchange(Method::GET, "/healthz", &[], String::new()).await;
    let is_gateway = healthy.is_ok_and(|(status, _)| status.is_success());
    ensure!(is_gateway, "what listens at {} is no gateway, or not well", target.gateway);
    if let Some(core) = &target.core {
        reach(core).await?;
    }
    usage::look(&target.pid)?;
    let measured = match &args.scenario {
        Scenario::Send(args) => args.run().await,
        Scenario::Fanout(args) => args.run().await,
        Scenario::Idle(args) => args.run().await,
        Scenario::Resync(args) => args.run().await,
    };
    Ok(Figures::new(args.scenario.clone(), measured?))
}

impl Scenario {
    fn target(&self) -> &Target {
        match self {
            Self::Send(args) => &args.target,
            Self::Fanout(args) => &args.target,
            Self::Idle(args) => &args.target,
            Self::Resync(args) => &args.target,
        }
    }
}

impl Target {
    /// Where connections of a kind are opened.
    fn place(&self, via: Surface) -> Result<&str> {
        match via {
            Surface::Websocket | Surface::Polling => Ok(&self.gateway),
            Surface::Grpc | Surface::GrpcUnary => self.core.as_deref().context("gRPC needs --core"),
        }
    }
}

/// An address in the form in which all are given. Plain HTTP: what is measured is the service, not a proxy's TLS.
fn place(url: &str) -> Result<String, String> {
    let authority = url.strip_prefix("http://").map(|rest| rest.strip_suffix('/').unwrap_or(rest));
    match authority.and_then(|authority| authority.rsplit_once(':')) {
        Some((host, port)) if !host.is_empty() && !host.contains('/') && port.parse::<u16>().is_ok() => {
            Ok(url.trim_end_matches('/').to_owned())
        }
        _ => Err("not of the form http://HOST:PORT".to_owned()),
    }
}

/// Errors: nobody listens there.
async fn reach(url: &str) -> Result<()> {
    let authority = url.trim_start_matches("http://");
    let connected = timeout(REACH, TcpStream::connect(authority)).await.context("no answer in time");
    connected.and_then(|connected| Ok(connected?)).with_context(|| format!("cannot reach {url}"))?;
    Ok(())
}

/// Messages that are sent before the measured ones, so that caches are filled and buffers have grown.
fn warm_up(messages: u32, clients: u32) -> u32 {
    (messages / 10).clamp(1, 4_000).max(clients)
}

/// How many of a total fall to one of so many.
fn share(total: u32, parts: u32, number: usize) -> u32 {
    total / parts + u32::from(number < (total % parts) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_of_plain_http() {
        assert_eq!(place("http://127.0.0.1:3000/").as_deref(), Ok("http://127.0.0.1:3000"));
        assert_eq!(place("http://[::1]:3000").as_deref(), Ok("http://[::1]:3000"));
        for url in ["", "127.0.0.1:3000", "https://a:1", "http://a", "http://:1", "http://a:x", "http://a/b:1"] {
            assert!(place(url).is_err(), "{url}");
        }
    }

    #[test]
    fn shares_add_up() {
        let shares: Vec<u32> = (0..3).map(|number| share(11, 3, number)).collect();
        assert_eq!(shares, [4, 4, 3]);
        assert_eq!(share(1, 2, 1), 0);
    }
}
