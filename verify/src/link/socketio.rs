//! Socket.IO (protocol 5) over either transport, as the contract has it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::json;
use serde_json::value::RawValue;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use super::packets::Packets;
use super::{Link, News, Opener, Page, PageAnswer, SILENCE, Session, Wish, halves, page_refused, paged};
use crate::history::{Index, Room};
use crate::wire;

/// When every message was written, by its client's clock, which nothing depends on.
const SENT_AT: &str = "2026-01-01T00:00:00.000Z";

/// A question under way.
struct Question {
    asked: Index,
    answer: oneshot::Sender<PageAnswer>,
}

/// An open socket.
struct Talk {
    session: Session,
    packets: Packets,
    questions: HashMap<u64, Question>,
    next_question: u64,
}

/// Shows the session, and goes on when it is let in.
pub(super) async fn open(opener: &Opener, mut packets: Packets) -> Result<Link> {
    let hello = json!({ "token": opener.token, "protocol": 2 });
    packets.outgoing.send(format!("40{hello}")).await.ok().context("closed")?;
    loop {
        let packet = packets.incoming.recv().await.context("the server closed the connection")?;
        match packet.as_bytes() {
            [b'2'] => packets.outgoing.send("3".to_owned()).await.ok().context("closed")?,
            [b'4', b'0', ..] => break,
            [b'4', b'4', ..] => bail!("refused: {packet}"),
            _ => {}
        }
    }
    let (link, session) = halves(opener);
    tokio::spawn(Talk { session, packets, questions: HashMap::new(), next_question: 0 }.run());
    Ok(link)
}

impl Talk {
    async fn run(mut self) {
        let ended = self.talk().await;
        self.session.ear.closed(ended).await;
    }

    async fn talk(&mut self) -> Result<()> {
        let mut last = Instant::now();
        loop {
            let reading = *self.session.reading.borrow_and_update();
            tokio::select! {
                packet = self.packets.incoming.recv(), if reading => {
                    last = Instant::now();
                    self.hear(&packet.context("closed")?).await?;
                }
                Some(wish) = self.session.wishes.recv() => self.carry_out(wish).await?,
                _ = self.session.reading.changed() => last = Instant::now(),
                () = self.session.close.cancelled() => return Ok(()),
                () = sleep_until(last + SILENCE), if reading => bail!("nothing comes any more"),
            }
        }
    }

    async fn say(&self, packet: String) -> Result<()> {
        let said = tokio::time::timeout(SILENCE, self.packets.outgoing.send(packet));
        said.await.context("nothing goes any more")?.ok().context("closed")
    }

    async fn carry_out(&mut self, wish: Wish) -> Result<()> {
        match wish {
            Wish::Send { room, client_msg_id, text } => self.send(room, client_msg_id, text).await,
            Wish::Page { room, after_seq, limit, answer } => {
                let asked = self.session.ear.asking(room, after_seq);
                let name = self.session.ear.name(room);
                let event = json!(["message_resync", { "roomId": name, "afterSeq": after_seq, "limit": limit }]);
                let number = self.next_question;
                self.next_question += 1;
                self.questions.insert(number, Question { asked, answer });
                self.say(format!("42{number}{event}")).await
            }
        }
    }

    async fn send(&mut self, room: Room, client_msg_id: Uuid, text: Arc<str>) -> Result<()> {
        self.session.ear.sending(room, client_msg_id, &text);
        let event = json!(["message_send", {
            "clientMsgId": client_msg_id,
            "roomId": self.session.ear.name(room),
            "text": &*text,
            "sentAtClient": SENT_AT,
        }]);
        self.say(format!("42{event}")).await
    }

    async fn hear(&mut self, packet: &str) -> Result<()> {
        match packet.as_bytes() {
            [b'2'] => self.say("3".to_owned()).await,
            [b'1'] | [b'4', b'1', ..] => bail!("the server closed the connection"),
            [b'4', b'2', b'[', ..] => self.event(wire::read_text(&packet[2..])?).await,
            [b'4', b'3', ..] => self.called(&packet[2..]),
            _ => Ok(()),
        }
    }

    async fn event(&mut self, wire::Event(name, payload): wire::Event<'_>) -> Result<()> {
        let (ear, payload) = (&mut self.session.ear, payload.get());
        match &*name {
            "session_ready" => ear.epoch(&wire::read_text::<wire::SessionReady>(payload)?.epoch),
            "message_new" => {
                let message: wire::Message = wire::read_text(payload)?;
                ear.live(&message.room_id, message.seq, message.recorded().print()).await;
            }
            "message_ack" => {
                let ack: wire::MessageAck = wire::read_text(payload)?;
                let retry_after = ack.outcome.retry_after_ms().map(Duration::from_millis);
                ear.answered(&ack.room_id, ack.client_msg_id, ack.outcome.recorded(), retry_after).await;
            }
            "room_joined" => {
                let joined: wire::RoomJoined = wire::read_text(payload)?;
                ear.epoch(&joined.epoch);
                if let Some(room) = ear.opener.names.number(&joined.room_id) {
                    ear.joined(room, joined.latest_seq, false).await;
                }
            }
            "room_removed" => {
                let removed: wire::RoomRemoved = wire::read_text(payload)?;
                if let Some(room) = ear.opener.names.number(&removed.room_id) {
                    ear.parted(room);
                }
            }
            "server_draining" => {
                let draining: wire::ServerDraining = wire::read_text(payload)?;
                ear.tell(News::Draining(Duration::from_millis(draining.reconnect_after_ms))).await;
            }
            // The page comes with the callback as well; the others tell of people, not of messages.
            _ => {}
        }
        Ok(())
    }

    /// A callback: `NUMBER[answer]`.
    fn called(&mut self, packet: &str) -> Result<()> {
        let begin = packet.find('[').context("a callback without an answer")?;
        let Some(question) = self.questions.remove(&packet[..begin].parse()?) else { return Ok(()) };
        let (answer,) = wire::read_text::<(&RawValue,)>(&packet[begin..])?;
        let recorder = &self.session.ear.opener.recorder;
        let answered = match wire::read_called::<wire::Page>(answer.get())? {
            Err(error) => {
                page_refused(recorder, question.asked, &error.code);
                Err(error.code)
            }
            Ok(page) => {
                self.session.ear.epoch(&page.epoch);
                let messages = page.messages.iter().map(|message| (message.seq, message.recorded().print())).collect();
                let read = Page { messages, latest_seq: page.latest_seq, has_more: page.has_more };
                Ok(paged(recorder, question.asked, page.after_seq, read))
            }
        };
        // Whoever asked may have given up.
        let _ = question.answer.send(answered);
        Ok(())
    }
}
