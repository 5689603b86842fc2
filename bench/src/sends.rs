//! Acknowledged sends a second over each surface, beside the same rows written straight into SQLite in the same run:
//! the ratio is what holds on other machines.

use std::future::Future;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use chat_proto::v1;
use chat_proto::v1::auth_service_client::AuthServiceClient;
use chat_proto::v1::chat_service_client::ChatServiceClient;
use chat_proto::v1::send_message_response::Status;
use chat_proto::v1::send_messages_response::Outcome;
use chat_proto::v1::social_service_client::SocialServiceClient;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Request;
use tonic::transport::Channel;
use uuid::Uuid;

use crate::rows;
use crate::socket::Socket;

/// The text of each message, in bytes.
const TEXT: usize = 100;
/// Sends in flight on the gRPC stream.
const STREAM_IN_FLIGHT: usize = 1_000;
/// Unary calls in flight.
const UNARY_IN_FLIGHT: usize = 64;
/// Sockets, each in a room of its own, and the sends that each has in flight.
const SOCKETS: (u32, u32) = (16, 32);

/// What to measure, and where.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A core without rate limits: http://HOST:PORT
    #[arg(long)]
    core: String,
    /// A gateway in front of it: ws://HOST:PORT
    #[arg(long)]
    gateway: String,
    /// Where the yardstick's database is written; the disk should be the core's
    #[arg(long)]
    dir: PathBuf,
    /// Messages of each measurement
    #[arg(long, default_value_t = 40_000)]
    messages: u32,
    /// Times that everything is measured; the medians are told
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

/// A session in a room of its own.
struct Sender {
    token: String,
    room: String,
}

/// Measures all, round by round, and prints the medians.
pub(crate) fn run(args: &Args) -> Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(measure(args))
}

#[expect(clippy::print_stdout, reason = "the figures are what the program is for")]
async fn measure(args: &Args) -> Result<()> {
    let text = "x".repeat(TEXT);
    let channel = Channel::from_shared(args.core.clone())?.tcp_nodelay(true).connect().await?;
    let senders = stream::iter(0..SOCKETS.0).then(|_| sign_up(channel.clone())).try_collect::<Vec<_>>().await?;
    let first = &senders[0];
    let mut taken: [Vec<Duration>; 4] = Default::default();
    for _ in 0..args.rounds {
        let (dir, rows, content) = (args.dir.clone(), args.messages, text.clone());
        taken[0].push(tokio::task::spawn_blocking(move || rows::write(&dir, rows, &content)).await??);
        taken[1].push(timed(over_stream(channel.clone(), first, &text, args.messages)).await?);
        taken[2].push(timed(over_unary_calls(channel.clone(), first, &text, args.messages)).await?);
        taken[3].push(timed(over_sockets(&args.gateway, &senders, &text, args.messages)).await?);
    }
    let (sockets, each) = SOCKETS;
    let names = [
        "rows into SQLite, batches of 100".to_owned(),
        format!("gRPC stream, {STREAM_IN_FLIGHT} in flight"),
        format!("gRPC unary, {UNARY_IN_FLIGHT} in flight"),
        format!("Socket.IO, {sockets} sockets with {each} in flight"),
    ];
    let medians: Vec<f64> = taken.into_iter().map(|taken| f64::from(args.messages) / median(taken)).collect();
    println!("{} messages of {TEXT} bytes, median of {} rounds", args.messages, args.rounds);
    println!("| what | acknowledged a second | of SQLite's |");
    println!("| --- | ---: | ---: |");
    for (name, rate) in names.iter().zip(&medians) {
        println!("| {name} | {rate:.0} | {:.2} |", rate / medians[0]);
    }
    Ok(())
}

fn median(mut taken: Vec<Duration>) -> f64 {
    taken.sort();
    taken[taken.len() / 2].as_secs_f64()
}

async fn timed(work: impl Future<Output = Result<()>>) -> Result<Duration> {
    let began = Instant::now();
    work.await?;
    Ok(began.elapsed())
}

async fn sign_up(channel: Channel) -> Result<Sender> {
    let id = format!("bench-{}", &Uuid::new_v4().simple().to_string()[..12]);
    let request = v1::SignUpRequest { user_id: id.clone(), password: Uuid::new_v4().to_string(), ..Default::default() };
    let token = AuthServiceClient::new(channel.clone()).sign_up(request).await?.into_inner().token;
    let request = v1::CreateRoomRequest { room_id: id.clone(), title: String::new() };
    SocialServiceClient::new(channel).create_room(bearing(&token, request)?).await?;
    Ok(Sender { token, room: id })
}

async fn over_stream(channel: Channel, sender: &Sender, text: &str, messages: u32) -> Result<()> {
    let (sends, requests) = mpsc::channel(STREAM_IN_FLIGHT);
    let mut client = ChatServiceClient::new(channel);
    let mut answers = client.send_messages(bearing(&sender.token, ReceiverStream::new(requests))?).await?.into_inner();
    let (mut sent, mut acknowledged) = (0, 0);
    while acknowledged < messages {
        while sent < messages && (sent - acknowledged) < STREAM_IN_FLIGHT as u32 {
            sends.send(v1::SendMessagesRequest { send: Some(message(sender, text)), session_token: None }).await?;
            sent += 1;
        }
        let answer = answers.message().await?.context("the stream ended")?;
        let stored = matches!(&answer.outcome, Some(Outcome::Result(stored)) if stored.status() == Status::Accepted);
        ensure!(stored, "not accepted: {answer:?}");
        acknowledged += 1;
    }
    Ok(())
}

async fn over_unary_calls(channel: Channel, sender: &Sender, text: &str, messages: u32) -> Result<()> {
    let client = ChatServiceClient::new(channel);
    let calls = (0..messages).map(|_| {
        let mut client = client.clone();
        async move {
            let stored = client.send_message(bearing(&sender.token, message(sender, text))?).await?.into_inner();
            ensure!(stored.status() == Status::Accepted, "not accepted");
            Ok(())
        }
    });
    stream::iter(calls).buffer_unordered(UNARY_IN_FLIGHT).try_collect().await
}

async fn over_sockets(gateway: &str, senders: &[Sender], text: &str, messages: u32) -> Result<()> {
    let (sockets, in_flight) = SOCKETS;
    let sending = senders.iter().map(|sender| async move {
        let mut socket = Socket::connect(gateway, &sender.token).await?;
        socket.send(&sender.room, text, messages / sockets, in_flight).await
    });
    futures::future::try_join_all(sending).await?;
    Ok(())
}

fn message(sender: &Sender, text: &str) -> v1::SendMessageRequest {
    v1::SendMessageRequest {
        room_id: sender.room.clone(),
        client_msg_id: Uuid::now_v7().to_string(),
        text: text.to_owned(),
        sent_at_client: None,
    }
}

fn bearing<T>(token: &str, message: T) -> Result<Request<T>> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse()?);
    Ok(request)
}
