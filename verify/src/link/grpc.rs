//! The core's own surface: sends on a SendMessages stream, rooms on a Subscribe stream, pages by unary calls.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use chat_proto::v1;
use chat_proto::v1::chat_service_client::ChatServiceClient;
use chat_proto::v1::send_message_response::Status as Stand;
use chat_proto::v1::send_messages_response::Outcome;
use chat_proto::v1::subscribe_response::Event;
use chat_proto::v1::{subscribe_request, watch_error};
use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status, Streaming};
use tonic_types::StatusExt as _;
use uuid::Uuid;

use super::{Link, News, Opener, Page, Session, Wish, halves, is_passing, page_refused, paged};
use crate::history::{Answer, Message, Room, Stored, Text};
use crate::wire::Violation;

/// How often a silent connection is asked whether it lives, and how long it has to answer.
const KEEP_ALIVE: (Duration, Duration) = (Duration::from_secs(4), Duration::from_secs(4));

/// How long a page may take.
const PAGE: Duration = Duration::from_secs(8);

/// Bytes of one answer at most: a page of 500 of the longest messages fits.
const MAX_ANSWER: usize = 32 * 1024 * 1024;

/// How sends are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sending {
    /// All on one stream.
    Stream,
    /// Each by a call of its own; those that are under way at a time have no order.
    Calls,
}

/// What comes of a call of SendMessage.
type Called = Result<Response<v1::SendMessageResponse>, Status>;

/// An open pair of streams.
struct Talk {
    session: Session,
    client: ChatServiceClient<Channel>,
    sending: Sending,
    /// Under way, each with its room and id.
    calls: FuturesUnordered<BoxFuture<'static, (Room, Uuid, Called)>>,
    sends: mpsc::Sender<v1::SendMessagesRequest>,
    answers: Streaming<v1::SendMessagesResponse>,
    events: Streaming<v1::SubscribeResponse>,
    /// Held, because its end would end the stream of events.
    _wishes: mpsc::Sender<v1::SubscribeRequest>,
    /// Where each room is followed from, until its watch has started.
    positions: Vec<(Room, i64)>,
    started: HashSet<Room>,
}

/// Opens both streams and follows the rooms.
pub(super) async fn open(opener: &Opener, core: &str, positions: &[(Room, i64)], sending: Sending) -> Result<Link> {
    let endpoint = Endpoint::from_shared(core.to_owned())?
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEP_ALIVE.0)
        .keep_alive_timeout(KEEP_ALIVE.1)
        .keep_alive_while_idle(true);
    let mut client = ChatServiceClient::new(endpoint.connect().await?).max_decoding_message_size(MAX_ANSWER);
    let (wishes, wished) = mpsc::channel(positions.len().max(1));
    for (room, after) in positions {
        let watch = v1::WatchRoom { room_id: opener.names.name(*room).to_owned(), after_seq: Some(*after) };
        let request = Some(subscribe_request::Request::WatchRoom(watch));
        wishes.send(v1::SubscribeRequest { request }).await?;
    }
    let (sends, sent) = mpsc::channel(64);
    let answers = client.send_messages(bearing(&opener.token, ReceiverStream::new(sent))?).await?.into_inner();
    let events = client.subscribe(bearing(&opener.token, ReceiverStream::new(wished))?).await?.into_inner();
    let (link, session) = halves(opener);
    let positions = positions.to_vec();
    let started = HashSet::new();
    let calls = FuturesUnordered::new();
    let talk = Talk { session, client, sending, calls, sends, answers, events, _wishes: wishes, positions, started };
    tokio::spawn(talk.run());
    Ok(link)
}

fn bearing<T>(token: &str, message: T) -> Result<Request<T>> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse()?);
    Ok(request)
}

impl Talk {
    async fn run(mut self) {
        let ended = self.talk().await;
        self.session.ear.closed(ended).await;
    }

    async fn talk(&mut self) -> Result<()> {
        loop {
            let reading = *self.session.reading.borrow_and_update();
            tokio::select! {
                event = self.events.message(), if reading => {
                    let event = event?.context("the stream of events ended")?.event;
                    self.hear(event.context("an event of a kind unknown")?).await?;
                }
                answer = self.answers.message(), if reading => {
                    self.answered(answer?.context("the stream of sends ended")?).await?;
                }
                Some((room, id, called)) = self.calls.next(), if reading => self.called(room, id, called).await?,
                Some(wish) = self.session.wishes.recv() => self.carry_out(wish).await?,
                _ = self.session.reading.changed() => {}
                () = self.session.close.cancelled() => return Ok(()),
            }
        }
    }

    async fn carry_out(&mut self, wish: Wish) -> Result<()> {
        match wish {
            Wish::Send { room, client_msg_id, text } => {
                self.session.ear.sending(room, client_msg_id, &text);
                let send = v1::SendMessageRequest {
                    room_id: self.session.ear.name(room).to_owned(),
                    client_msg_id: client_msg_id.to_string(),
                    text: text.to_string(),
                    ..v1::SendMessageRequest::default()
                };
                match self.sending {
                    Sending::Stream => {
                        let request = v1::SendMessagesRequest { send: Some(send), session_token: None };
                        let sent = tokio::time::timeout(super::SILENCE, self.sends.send(request));
                        sent.await.context("nothing goes any more")??;
                    }
                    Sending::Calls => {
                        let request = bearing(&self.session.ear.opener.token, send)?;
                        let mut client = self.client.clone();
                        let call = async move { (room, client_msg_id, client.send_message(request).await) };
                        self.calls.push(Box::pin(call));
                    }
                }
            }
            Wish::Page { room, after_seq, limit, answer } => {
                let ear = &self.session.ear;
                let request =
                    v1::ResyncRequest { room_id: ear.name(room).to_owned(), after_seq, limit: i32::try_from(limit)? };
                let (mut client, opener) = (self.client.clone(), ear.opener.clone());
                let request = bearing(&opener.token, request)?;
                let asked = ear.asking(room, after_seq);
                tokio::spawn(async move {
                    let Ok(read) = tokio::time::timeout(PAGE, client.resync(request)).await else { return };
                    let answered = match read.map(|page| recorded(page.into_inner())) {
                        Ok(Ok((epoch, after_seq, page))) => {
                            opener.recorder.epoch(opener.client, &epoch);
                            Ok(paged(&opener.recorder, asked, after_seq, page))
                        }
                        Err(status) if let Some(code) = code(&status) => {
                            page_refused(&opener.recorder, asked, &code);
                            Err(code)
                        }
                        Ok(Err(violation)) => return opener.recorder.violation(violation.to_string()),
                        // The network's doing: the question was not answered.
                        Err(_) => return,
                    };
                    // Whoever asked may have given up.
                    let _ = answer.send(answered);
                });
            }
        }
        Ok(())
    }

    async fn answered(&mut self, answer: v1::SendMessagesResponse) -> Result<()> {
        let client_msg_id = uuid(&answer.client_msg_id)?;
        let (recorded, retry_after) = match answer.outcome.ok_or_else(|| violation("a send without an outcome"))? {
            Outcome::Result(result) => (placed(result)?, None),
            Outcome::Rejection(v1::Rejection { code, retry_after, .. }) if is_passing(&code) => {
                (Answer::Retry(code), retry_after.and_then(|after| Duration::try_from(after).ok()))
            }
            Outcome::Rejection(rejection) => (Answer::Rejected(rejection.code), None),
        };
        self.session.ear.answered(&answer.room_id, client_msg_id, recorded, retry_after).await;
        Ok(())
    }

    async fn called(&mut self, room: Room, client_msg_id: Uuid, called: Called) -> Result<()> {
        let (answer, retry_after) = match called {
            Ok(response) => (placed(response.into_inner())?, None),
            Err(status) => match code(&status) {
                Some(code) if is_passing(&code) => {
                    (Answer::Retry(code), status.get_details_retry_info().and_then(|info| info.retry_delay))
                }
                Some(code) => (Answer::Rejected(code), None),
                None => return Err(status.into()),
            },
        };
        let ear = &mut self.session.ear;
        let name = ear.name(room).to_owned();
        ear.answered(&name, client_msg_id, answer, retry_after).await;
        Ok(())
    }

    async fn hear(&mut self, event: Event) -> Result<()> {
        match event {
            Event::Message(message) => {
                let (room, message) = (message.room_id.clone(), stored(message)?);
                self.session.ear.live(&room, message.seq, message.print()).await;
            }
            Event::Watching(watching) => {
                let ear = &self.session.ear;
                ear.epoch(&watching.epoch);
                let Some(room) = ear.opener.names.number(&watching.room_id) else { return Ok(()) };
                // It says so again after it fell behind; what it replays goes on where it was.
                if self.started.insert(room) {
                    ear.joined(room, self.position(room), true).await;
                }
            }
            Event::Error(error) => self.refused(error).await?,
            _ => {}
        }
        Ok(())
    }

    /// Where a room is followed from.
    fn position(&self, room: Room) -> i64 {
        self.positions.iter().find(|(at, _)| *at == room).map_or(0, |(_, after)| *after)
    }

    /// A watch that ended for good ends the room for this connection; any other reason is worth a new one.
    async fn refused(&mut self, error: v1::WatchError) -> Result<()> {
        let Some(watch_error::Target::RoomId(room)) = error.target else { return Ok(()) };
        let ear = &self.session.ear;
        let Some(room) = ear.opener.names.number(&room) else { return Ok(()) };
        match error.code.as_str() {
            "not_a_member" => ear.parted(room),
            "cursor_ahead" => {
                // Judged as what is asked for in a page: there must be no such position.
                let asked = ear.asking(room, self.position(room));
                page_refused(ear.recorder(), asked, &error.code);
                ear.tell(News::Ahead { room }).await;
                bail!("a watch began beyond the end of its room");
            }
            code => bail!("a watch was refused: {code}"),
        }
        Ok(())
    }
}

/// Where a send was stored.
fn placed(result: v1::SendMessageResponse) -> Result<Answer> {
    let stand = result.status();
    let message = result.message.ok_or_else(|| violation("an answer without its message"))?;
    let stored = Stored { id: uuid(&message.id)?, seq: message.seq };
    match stand {
        Stand::Accepted => Ok(Answer::Accepted(stored)),
        Stand::Duplicate => Ok(Answer::Duplicate(stored)),
        Stand::Unspecified => Err(violation("an answer without a status").into()),
    }
}

/// A message, as the record has it.
fn stored(message: v1::Message) -> Result<Message> {
    Ok(Message {
        seq: message.seq,
        id: uuid(&message.id)?,
        client_msg_id: uuid(&message.client_msg_id)?,
        author: message.user_id,
        text: Text::of(&message.text),
    })
}

/// A page with its epoch and its cursor.
fn recorded(page: v1::Page) -> Result<(String, i64, Page)> {
    let Some(v1::page::Cursor::AfterSeq(after)) = page.cursor else {
        return Err(violation("a page without its cursor").into());
    };
    let messages = page.messages.into_iter().map(|message| {
        let message = stored(message)?;
        Ok((message.seq, message.print()))
    });
    let messages = messages.collect::<Result<_>>()?;
    Ok((page.epoch, after, Page { messages, latest_seq: page.latest_seq, has_more: page.has_more }))
}

fn uuid(text: &str) -> Result<Uuid> {
    Ok(text.parse().map_err(|_| violation(&format!("no UUID: {text:?}")))?)
}

fn violation(what: &str) -> Violation {
    Violation(what.to_owned())
}

/// The contract's code, which a fault of the network has not.
fn code(status: &Status) -> Option<String> {
    status.get_details_error_info().map(|info| info.reason)
}
