//! A Socket.IO client that does no more than send and count acknowledgements, so that the server is measured and not
//! its client (Engine.IO protocol 4, Socket.IO protocol 5, over WebSocket).

use anyhow::{Context as _, Result, bail};
use futures::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use uuid::Uuid;

/// A connected socket.
pub(crate) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Connects with a session's token. `gateway` is `ws://HOST:PORT`.
    pub(crate) async fn connect(gateway: &str, token: &str) -> Result<Self> {
        let url = format!("{gateway}/socket.io/?EIO=4&transport=websocket");
        let (stream, _) = tokio_tungstenite::connect_async(url).await?;
        let mut socket = Self(stream);
        socket.until("0{").await?;
        socket.say(format!("40{}", serde_json::json!({ "token": token, "protocol": 2 }))).await?;
        socket.until("40{").await?;
        Ok(socket)
    }

    /// Sends `count` messages into a room, `in_flight` at a time, until all are acknowledged as accepted.
    pub(crate) async fn send(&mut self, room: &str, text: &str, count: u32, in_flight: u32) -> Result<()> {
        let (mut sent, mut acknowledged) = (0, 0);
        while acknowledged < count {
            while sent < count && sent - acknowledged < in_flight {
                let payload = serde_json::json!(["message_send", {
                    "clientMsgId": Uuid::now_v7().to_string(),
                    "roomId": room,
                    "text": text,
                    "sentAtClient": "2026-11-24T12:00:00.000Z",
                }]);
                self.0.feed(Message::text(format!("42{payload}"))).await?;
                sent += 1;
            }
            self.0.flush().await?;
            let ack = self.until(r#"42["message_ack""#).await?;
            if !ack.contains(r#""status":"accepted""#) {
                bail!("not accepted: {ack}");
            }
            acknowledged += 1;
        }
        Ok(())
    }

    async fn say(&mut self, packet: String) -> Result<()> {
        Ok(self.0.send(Message::text(packet)).await?)
    }

    /// The next packet that begins so; pings are answered, others passed over.
    async fn until(&mut self, beginning: &str) -> Result<String> {
        loop {
            let message = self.0.next().await.context("the server closed the socket")??;
            let Message::Text(packet) = message else { continue };
            if packet.as_str() == "2" {
                self.say("3".to_owned()).await?;
            } else if packet.starts_with("44") {
                bail!("refused: {packet}");
            } else if packet.starts_with(beginning) {
                return Ok(packet.to_string());
            }
        }
    }
}
