//! A server for one test, and people who call it.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chat_process::{Shutdown, listen};
use chat_proto::v1;
use chat_proto::v1::auth_service_client::AuthServiceClient;
use chat_proto::v1::chat_service_client::ChatServiceClient;
use chat_proto::v1::file_service_client::FileServiceClient;
use chat_proto::v1::social_service_client::SocialServiceClient;
use chat_proto::v1::subscribe_request::Request as Wish;
use chat_proto::v1::subscribe_response::Event;
use chat_proto::v1::user_event::Event as UserEvent;
use clap::Parser as _;
use core_service::config::Config;
use core_service::domain::{Clock, Scope, Scopes};
use core_service::listener::Listener;
use core_service::store::ServiceAccounts;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::MetadataValue;
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status, Streaming};
use tonic_types::StatusExt as _;

/// The password of everybody.
pub(crate) const PASSWORD: &str = "correct horse";

/// Longer than anything here takes; a test that waits for what never comes fails by it.
const PATIENCE: Duration = Duration::from_secs(20);

/// Waits, but not for ever.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("it never came")
}

/// A running server with its data.
pub(crate) struct Server {
    dir: TempDir,
    flags: Vec<String>,
    pub(crate) address: SocketAddr,
    pub(crate) shutdown: Shutdown,
}

impl Server {
    /// One without rate limits.
    pub(crate) async fn start() -> Self {
        Self::start_with(&["--no-rate-limits"]).await
    }

    pub(crate) async fn start_with(flags: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self::open(dir, flags.iter().map(ToString::to_string).collect()).await
    }

    async fn open(dir: TempDir, flags: Vec<String>) -> Self {
        let data = dir.path().join("data");
        let fixed = ["core-service", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--data-dir"];
        let args = fixed.map(String::from).into_iter().chain([data.display().to_string()]).chain(flags.clone());
        let config = Config::parse_from(args);
        let listener = Listener::bind(&config.listen).await.unwrap();
        let address = listener.address().unwrap().to_string().parse().unwrap();
        let admin = listen::tcp(config.admin_listen).await.unwrap();
        let shutdown = Shutdown::new();
        core_service::serve(config, listener, admin, &shutdown).await.unwrap();
        Self { dir, flags, address, shutdown }
    }

    /// Stops, and comes back when nothing runs any more.
    pub(crate) async fn stop(self) -> Stopped {
        self.shutdown.begin();
        soon(self.shutdown.drained()).await;
        assert!(!self.shutdown.failed());
        Stopped { dir: self.dir, flags: self.flags }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub(crate) fn channel(&self) -> Channel {
        Endpoint::from_shared(format!("http://{}", self.address)).unwrap().connect_lazy()
    }

    /// Somebody without a token.
    pub(crate) fn stranger(&self) -> Caller {
        Caller::at(self.channel(), "", None)
    }

    pub(crate) async fn sign_up(&self, id: &str) -> Caller {
        let answer = self.stranger().auth().sign_up(sign_up_request(id)).await.unwrap().into_inner();
        self.holder(id, &answer.token)
    }

    pub(crate) async fn log_in(&self, id: &str) -> Caller {
        let answer = self.stranger().auth().log_in(log_in_request(id, PASSWORD)).await.unwrap().into_inner();
        self.holder(id, &answer.token)
    }

    /// Whoever holds this token.
    pub(crate) fn holder(&self, id: &str, token: &str) -> Caller {
        Caller::at(self.channel(), id, Some(token))
    }

    /// The holder of the service token.
    pub(crate) fn service(&self) -> Caller {
        let token = std::fs::read_to_string(self.data().join("service-token")).unwrap();
        self.holder("", token.trim())
    }

    /// A service account.
    pub(crate) fn account(&self, name: &str, scopes: &[Scope]) -> Caller {
        let (name, scopes) = (name.parse().unwrap(), Scopes::of(scopes.to_vec()));
        let accounts = ServiceAccounts::open(&self.data()).unwrap();
        self.holder("", &accounts.create(&name, &scopes, Clock::system().now()).unwrap().reveal())
    }
}

/// The data of a server that was stopped.
pub(crate) struct Stopped {
    dir: TempDir,
    flags: Vec<String>,
}

impl Stopped {
    pub(crate) async fn start(self) -> Server {
        Server::open(self.dir, self.flags).await
    }

    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }
}

/// What a caller shows.
#[derive(Clone)]
pub(crate) struct Show {
    token: Option<String>,
    on_behalf_of: Option<String>,
}

impl Interceptor for Show {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let metadata = request.metadata_mut();
        if let Some(token) = &self.token {
            metadata.insert("authorization", MetadataValue::try_from(format!("Bearer {token}")).unwrap());
        }
        if let Some(user) = &self.on_behalf_of {
            metadata.insert("x-on-behalf-of", MetadataValue::try_from(user).unwrap());
        }
        Ok(request)
    }
}

pub(crate) type Shown = InterceptedService<Channel, Show>;

/// Somebody who calls.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) id: String,
    pub(crate) show: Show,
    channel: Channel,
}

impl Caller {
    /// Somebody at the other end of a channel.
    pub(crate) fn at(channel: Channel, id: &str, token: Option<&str>) -> Self {
        let show = Show { token: token.map(ToOwned::to_owned), on_behalf_of: None };
        Self { id: id.to_owned(), show, channel }
    }

    pub(crate) fn on_behalf_of(&self, user: &str) -> Self {
        let show = Show { on_behalf_of: Some(user.to_owned()), ..self.show.clone() };
        Self { id: user.to_owned(), show, channel: self.channel.clone() }
    }

    pub(crate) fn token(&self) -> String {
        self.show.token.clone().unwrap()
    }

    /// The way to the server, for calls of one's own making.
    pub(crate) fn shown(&self) -> Shown {
        InterceptedService::new(self.channel.clone(), self.show.clone())
    }

    pub(crate) fn auth(&self) -> AuthServiceClient<Shown> {
        AuthServiceClient::with_interceptor(self.channel.clone(), self.show.clone())
    }

    pub(crate) fn chat(&self) -> ChatServiceClient<Shown> {
        ChatServiceClient::with_interceptor(self.channel.clone(), self.show.clone())
    }

    pub(crate) fn social(&self) -> SocialServiceClient<Shown> {
        SocialServiceClient::with_interceptor(self.channel.clone(), self.show.clone())
    }

    pub(crate) fn files(&self) -> FileServiceClient<Shown> {
        FileServiceClient::with_interceptor(self.channel.clone(), self.show.clone())
    }

    /// Becomes somebody's friend: each asks the other.
    pub(crate) async fn befriends(&self, other: &Self) {
        for (asking, asked) in [(self, other), (other, self)] {
            let request = v1::SendFriendRequestRequest { to_user_id: asked.id.clone() };
            asking.social().send_friend_request(request).await.unwrap();
        }
    }

    /// Makes a room.
    pub(crate) async fn creates(&self, room: &str) {
        let request = v1::CreateRoomRequest { room_id: room.to_owned(), title: String::new() };
        self.social().create_room(request).await.unwrap();
    }

    pub(crate) async fn invites(&self, room: &str, to: &str) -> Result<v1::InviteToRoomResponse, Status> {
        let request = v1::InviteToRoomRequest { room_id: room.to_owned(), to_user_id: to.to_owned() };
        self.social().invite_to_room(request).await.map(Response::into_inner)
    }

    pub(crate) async fn accepts(&self, invite: &str) -> Result<v1::Invite, Status> {
        let request = v1::AcceptInviteRequest { invite_id: invite.to_owned() };
        Ok(self.social().accept_invite(request).await?.into_inner().invite.unwrap())
    }

    pub(crate) async fn rejects(&self, invite: &str) -> Result<v1::Invite, Status> {
        let request = v1::RejectInviteRequest { invite_id: invite.to_owned() };
        Ok(self.social().reject_invite(request).await?.into_inner().invite.unwrap())
    }

    /// Makes somebody a member of a room that this one is in.
    pub(crate) async fn brings(&self, room: &str, other: &Self) {
        let invited = self.invites(room, &other.id).await.unwrap();
        other.accepts(&invited.invite.unwrap().id).await.unwrap();
    }

    pub(crate) async fn leaves(&self, room: &str) -> Result<(), Status> {
        self.social().leave_room(v1::LeaveRoomRequest { room_id: room.to_owned() }).await.map(|_| ())
    }

    pub(crate) async fn members(&self, room: &str) -> Result<Vec<v1::Member>, Status> {
        let request = v1::ListMembersRequest { room_id: room.to_owned() };
        Ok(self.social().list_members(request).await?.into_inner().members)
    }

    pub(crate) async fn rooms(&self) -> Vec<v1::RoomSummary> {
        self.social().list_rooms(v1::ListRoomsRequest {}).await.unwrap().into_inner().rooms
    }

    /// Sends, with all that a send needs.
    pub(crate) async fn sends(&self, room: &str, id: &str, text: &str) -> Result<v1::SendMessageResponse, Status> {
        self.chat().send_message(send_request(room, id, text)).await.map(Response::into_inner)
    }

    /// Sends a new message, and is sure that it is stored.
    pub(crate) async fn says(&self, room: &str, text: &str) -> v1::Message {
        let answer = self.sends(room, &fresh_id(), text).await.unwrap();
        assert_eq!(answer.status(), ACCEPTED);
        answer.message.unwrap()
    }

    /// The page after a position.
    pub(crate) async fn resyncs(&self, room: &str, after_seq: i64, limit: i32) -> Result<v1::Page, Status> {
        let request = v1::ResyncRequest { room_id: room.to_owned(), after_seq, limit };
        self.chat().resync(request).await.map(Response::into_inner)
    }

    /// The whole log of a room, page by page, with the positions checked.
    pub(crate) async fn reads(&self, room: &str) -> Vec<v1::Message> {
        let mut messages = Vec::new();
        loop {
            let page = self.resyncs(room, messages.len().try_into().unwrap(), 500).await.unwrap();
            assert!(!(page.has_more && page.messages.is_empty()), "more of nothing");
            messages.extend(page.messages);
            if !page.has_more {
                assert_gapless(&messages, 1);
                return messages;
            }
        }
    }

    pub(crate) async fn me(&self) -> Result<v1::GetMeResponse, Status> {
        self.auth().get_me(v1::GetMeRequest {}).await.map(Response::into_inner)
    }

    pub(crate) async fn subscribes(&self) -> Subscription {
        self.try_subscribes().await.unwrap()
    }

    pub(crate) async fn try_subscribes(&self) -> Result<Subscription, Status> {
        let (wishes, stream) = mpsc::channel(256);
        let events = soon(self.chat().subscribe(ReceiverStream::new(stream))).await?.into_inner();
        Ok(Subscription { wishes, events, online: BTreeSet::new() })
    }

    /// Subscribes and follows one room, of which `watching` has come.
    pub(crate) async fn watches(&self, room: &str, after_seq: Option<i64>) -> (Subscription, v1::Watching) {
        let mut subscription = self.subscribes().await;
        subscription.watch(room, after_seq).await;
        let watching = subscription.watching().await;
        (subscription, watching)
    }

    /// Subscribes and follows one's own user, of whom the state has come.
    pub(crate) async fn listens(&self) -> Subscription {
        let mut subscription = self.subscribes().await;
        subscription.watch_user(&self.id).await;
        assert!(matches!(subscription.user_event().await, UserEvent::State(_)));
        subscription
    }

    /// A stream of sends.
    pub(crate) async fn streams(&self) -> Result<SendStream, Status> {
        let (sends, stream) = mpsc::channel(4_096);
        let answers = soon(self.chat().send_messages(ReceiverStream::new(stream))).await?.into_inner();
        Ok(SendStream { sends, answers })
    }
}

/// One Subscribe stream.
pub(crate) struct Subscription {
    wishes: mpsc::Sender<v1::SubscribeRequest>,
    events: Streaming<v1::SubscribeResponse>,
    /// Who is online, as far as a test keeps account of it.
    pub(crate) online: BTreeSet<String>,
}

impl Subscription {
    pub(crate) async fn wish(&self, wish: Wish) {
        self.wishes.send(v1::SubscribeRequest { request: Some(wish) }).await.unwrap();
    }

    pub(crate) async fn wish_nothing(&self) {
        self.wishes.send(v1::SubscribeRequest { request: None }).await.unwrap();
    }

    pub(crate) async fn watch(&self, room: &str, after_seq: Option<i64>) {
        self.wish(Wish::WatchRoom(v1::WatchRoom { room_id: room.to_owned(), after_seq })).await;
    }

    pub(crate) async fn unwatch(&self, room: &str) {
        self.wish(Wish::UnwatchRoom(v1::UnwatchRoom { room_id: room.to_owned() })).await;
    }

    pub(crate) async fn watch_user(&self, user: &str) {
        self.wish(Wish::WatchUser(v1::WatchUser { user_id: user.to_owned() })).await;
    }

    pub(crate) async fn unwatch_user(&self, user: &str) {
        self.wish(Wish::UnwatchUser(v1::UnwatchUser { user_id: user.to_owned() })).await;
    }

    /// Whatever comes next.
    pub(crate) async fn next(&mut self) -> Event {
        let next = soon(self.events.message()).await.unwrap();
        next.expect("the stream ended").event.unwrap()
    }

    pub(crate) async fn watching(&mut self) -> v1::Watching {
        match self.next().await {
            Event::Watching(watching) => watching,
            other => panic!("not watching: {other:?}"),
        }
    }

    pub(crate) async fn message(&mut self) -> v1::Message {
        match self.next().await {
            Event::Message(message) => message,
            other => panic!("no message: {other:?}"),
        }
    }

    pub(crate) async fn error(&mut self) -> v1::WatchError {
        match self.next().await {
            Event::Error(error) => error,
            other => panic!("no error: {other:?}"),
        }
    }

    /// The next event of a user's, apart from who is online.
    pub(crate) async fn user_event(&mut self) -> UserEvent {
        loop {
            match self.next().await {
                Event::UserEvent(v1::UserEvent { event: Some(UserEvent::OnlineUsers(_)), .. }) => {}
                Event::UserEvent(event) => return event.event.unwrap(),
                other => panic!("no event of a user: {other:?}"),
            }
        }
    }

    /// The next messages, whatever `watching` comes between them.
    pub(crate) async fn messages(&mut self, count: usize) -> Vec<v1::Message> {
        let mut messages = Vec::new();
        while messages.len() < count {
            match self.next().await {
                Event::Message(message) => messages.push(message),
                Event::Watching(_) => {}
                other => panic!("no message: {other:?}"),
            }
        }
        messages
    }

    /// What ends the stream; messages may come before.
    pub(crate) async fn ends(&mut self) -> Status {
        loop {
            match soon(self.events.message()).await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("the stream ended without a word"),
                Err(status) => return status,
            }
        }
    }
}

/// One stream of sends.
pub(crate) struct SendStream {
    sends: mpsc::Sender<v1::SendMessagesRequest>,
    pub(crate) answers: Streaming<v1::SendMessagesResponse>,
}

impl SendStream {
    pub(crate) async fn send(&self, send: v1::SendMessageRequest, session: Option<&str>) {
        let session_token = session.map(ToOwned::to_owned);
        self.sends.send(v1::SendMessagesRequest { send: Some(send), session_token }).await.unwrap();
    }

    pub(crate) async fn answer(&mut self) -> v1::SendMessagesResponse {
        soon(self.answers.message()).await.unwrap().expect("the stream ended")
    }

    /// The code of the next answer: a rejection's, or its status in words.
    pub(crate) async fn outcome(&mut self) -> String {
        match self.answer().await.outcome.unwrap() {
            v1::send_messages_response::Outcome::Result(result) => result.status().as_str_name().to_lowercase(),
            v1::send_messages_response::Outcome::Rejection(rejection) => rejection.code,
        }
    }

    /// No more sends.
    pub(crate) fn finish(self) -> Streaming<v1::SendMessagesResponse> {
        self.answers
    }
}

pub(crate) const ACCEPTED: v1::send_message_response::Status = v1::send_message_response::Status::Accepted;
pub(crate) const DUPLICATE: v1::send_message_response::Status = v1::send_message_response::Status::Duplicate;

pub(crate) fn sign_up_request(id: &str) -> v1::SignUpRequest {
    let (user_id, password) = (id.to_owned(), PASSWORD.to_owned());
    v1::SignUpRequest { user_id, password, display_name: String::new(), client: None }
}

pub(crate) fn log_in_request(id: &str, password: &str) -> v1::LogInRequest {
    v1::LogInRequest { user_id: id.to_owned(), password: password.to_owned(), client: None }
}

pub(crate) fn send_request(room: &str, id: &str, text: &str) -> v1::SendMessageRequest {
    let (room_id, client_msg_id, text) = (room.to_owned(), id.to_owned(), text.to_owned());
    v1::SendMessageRequest { room_id, client_msg_id, text, ..v1::SendMessageRequest::default() }
}

pub(crate) fn fresh_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// The contract's code of a refusal.
pub(crate) fn code(status: &Status) -> String {
    let details = status.get_error_details();
    let info = details.error_info().unwrap_or_else(|| panic!("no code: {status:?}"));
    assert_eq!(info.domain, "chat.v1");
    info.reason.clone()
}

/// The contract's code of a call that must be refused.
pub(crate) fn refusal<T: Debug>(outcome: Result<T, Status>) -> String {
    code(&outcome.expect_err("it must be refused"))
}

/// Positions without a hole, from one on.
pub(crate) fn assert_gapless(messages: &[v1::Message], first: i64) {
    let seqs: Vec<i64> = messages.iter().map(|message| message.seq).collect();
    let wanted: Vec<i64> = (first..).take(seqs.len()).collect();
    assert_eq!(seqs, wanted);
}

pub(crate) fn texts(messages: &[v1::Message]) -> Vec<&str> {
    messages.iter().map(|message| message.text.as_str()).collect()
}
