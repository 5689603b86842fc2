//! Engine.IO over HTTP long-polling: one request at a time fetches what the server has to say, another delivers what
//! the client has.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use http::{Method, StatusCode, header};
use serde_json::Value;
use tokio::sync::mpsc;

use super::packets::{self, Carrier, Packets};
use crate::http::Http;

/// Between the packets of one body.
const SEPARATOR: char = '\u{1e}';

/// Packets of one body at most.
const BATCH: usize = 64;

/// How long a poll may take: the server's heartbeat ends it sooner.
const POLL: Duration = Duration::from_secs(12);

/// Connects to a gateway, `http://HOST:PORT`.
pub(super) async fn connect(gateway: &str) -> Result<Packets> {
    let http = Http::new(gateway);
    let path = "/socket.io/?EIO=4&transport=polling";
    let opening = poll(&http, path).await?;
    let opened = opening.strip_prefix('0').context("no opening packet")?;
    let opened: Value = serde_json::from_str(opened)?;
    let sid = opened["sid"].as_str().context("no session id")?;
    let path = format!("{path}&sid={sid}");
    let (packets, Carrier { incoming, outgoing }) = packets::pair();
    // The session expects the opening, as the other transport has it.
    incoming.send(opening).await?;
    tokio::spawn(async move {
        // What ends one direction ends the connection; there is nobody to tell why.
        tokio::select! {
            _ = fetch(&http, &path, &incoming) => {}
            _ = deliver(&http, &path, outgoing) => {}
            () = incoming.closed() => {}
        }
    });
    Ok(packets)
}

async fn poll(http: &Http, path: &str) -> Result<String> {
    let (status, body) = http.exchange_within(POLL, Method::GET, path, &[], String::new()).await?;
    ensure!(status == StatusCode::OK, "a poll was answered {status}");
    Ok(body)
}

async fn fetch(http: &Http, path: &str, incoming: &mpsc::Sender<String>) -> Result<()> {
    loop {
        for packet in poll(http, path).await?.split(SEPARATOR) {
            incoming.send(packet.to_owned()).await?;
        }
    }
}

async fn deliver(http: &Http, path: &str, mut outgoing: mpsc::Receiver<String>) -> Result<()> {
    let mut batch = Vec::new();
    while outgoing.recv_many(&mut batch, BATCH).await > 0 {
        let body = std::mem::take(&mut batch).join(&SEPARATOR.to_string());
        let headers = [(header::CONTENT_TYPE, "text/plain; charset=UTF-8")];
        let (status, _) = http.exchange(Method::POST, path, &headers, body).await?;
        ensure!(status == StatusCode::OK, "packets were answered {status}");
    }
    Ok(())
}
