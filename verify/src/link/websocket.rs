//! Engine.IO over WebSocket (RFC 6455).

use anyhow::{Context as _, Result};
use futures::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use super::packets::{self, Carrier, Packets};

/// Packets that are written at a time at most.
const BATCH: usize = 64;

/// Connects to a gateway, `http://HOST:PORT`.
pub(super) async fn connect(gateway: &str) -> Result<Packets> {
    let place = gateway.strip_prefix("http://").context("a gateway is http://HOST:PORT")?.trim_end_matches('/');
    let stream = TcpStream::connect(place).await?;
    stream.set_nodelay(true)?;
    let url = format!("ws://{place}/socket.io/?EIO=4&transport=websocket");
    let (stream, _) = tokio_tungstenite::client_async(url, stream).await?;
    let (mut sink, mut stream) = stream.split();
    let (packets, Carrier { incoming, mut outgoing }) = packets::pair();
    tokio::spawn(async move {
        let reading = incoming.clone();
        let read = async {
            while let Some(Ok(message)) = stream.next().await {
                if let Message::Text(packet) = message
                    && reading.send(packet.to_string()).await.is_err()
                {
                    return;
                }
            }
        };
        let write = async {
            let mut batch = Vec::new();
            while outgoing.recv_many(&mut batch, BATCH).await > 0 {
                for packet in batch.drain(..) {
                    if sink.feed(Message::text(packet)).await.is_err() {
                        return;
                    }
                }
                if sink.flush().await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            () = read => {}
            () = write => {}
            () = incoming.closed() => {}
        }
    });
    Ok(packets)
}
