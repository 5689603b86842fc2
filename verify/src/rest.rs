//! The calls over REST that a run needs: accounts, rooms, memberships, the log.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::history::Message;
use crate::http::Http;
use crate::link::is_passing;
use crate::wire::{self, Page};

/// How long a call is repeated while the service is away.
const PATIENCE: Duration = Duration::from_secs(60);

/// Pause between two attempts.
const PAUSE: Duration = Duration::from_millis(100);

/// Messages of one page.
const PAGE: usize = 500;

/// A user with a session.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    /// Their id.
    pub(crate) user_id: String,
    /// Their session.
    pub(crate) token: String,
    http: Http,
}

/// What the service answered: the contract's code where it refused.
type Answer = Result<Value, String>;

impl Person {
    /// A new account. Errors: the service refuses, or is away.
    pub(crate) async fn sign_up(gateway: &str, user_id: String) -> Result<Self> {
        let http = Http::new(gateway);
        let body = json!({ "userId": user_id, "password": uuid::Uuid::new_v4() });
        let answer = answered(&http, Method::POST, "/auth/signup", None, Some(body)).await?;
        let session = answer.map_err(|code| anyhow::anyhow!("cannot sign up {user_id}: {code}"))?;
        let token = session["token"].as_str().context("a sign-up without a token")?.to_owned();
        Ok(Self { user_id, token, http })
    }

    /// A new room, this person its owner.
    pub(crate) async fn create_room(&self, room: &str) -> Result<()> {
        match self.call(Method::POST, "/social/rooms", Some(json!({ "roomId": room }))).await? {
            Ok(_) => Ok(()),
            Err(code) => bail!("cannot create {room}: {code}"),
        }
    }

    /// Makes another person a member; `entering` is called before the invite is accepted, which may be repeated.
    pub(crate) async fn let_in(&self, other: &Self, room: &str, entering: impl FnOnce()) -> Result<()> {
        let body = json!({ "roomId": room, "toUserId": other.user_id });
        let invite = match self.call(Method::POST, "/social/rooms/invite", Some(body)).await? {
            Ok(answer) => answer["invite"]["id"].clone(),
            Err(code) => bail!("cannot invite into {room}: {code}"),
        };
        entering();
        let body = json!({ "inviteId": invite });
        match other.call(Method::POST, "/social/rooms/invite/accept", Some(body)).await? {
            Ok(_) => Ok(()),
            // An attempt whose answer was lost did it.
            Err(code) if code == "failed_precondition" => Ok(()),
            Err(code) => bail!("cannot accept the invite into {room}: {code}"),
        }
    }

    /// Leaves a room. When this returns, the departure was acknowledged.
    pub(crate) async fn leave(&self, room: &str) -> Result<()> {
        match self.call(Method::POST, &format!("/social/rooms/{room}/leave"), None).await? {
            Ok(_) => Ok(()),
            // An attempt whose answer was lost did it.
            Err(code) if code == "not_a_member" => Ok(()),
            Err(code) => bail!("cannot leave {room}: {code}"),
        }
    }

    /// Removes another person from a room of this one's. When this returns, the removal was acknowledged.
    pub(crate) async fn remove(&self, other: &Self, room: &str) -> Result<()> {
        let path = format!("/social/rooms/{room}/members/{}", other.user_id);
        match self.call(Method::DELETE, &path, None).await? {
            Ok(_) => Ok(()),
            // An attempt whose answer was lost did it.
            Err(code) if code == "not_found" => Ok(()),
            Err(code) => bail!("cannot remove {} from {room}: {code}", other.user_id),
        }
    }

    /// A room's whole log, page by page.
    pub(crate) async fn log(&self, room: &str) -> Result<Vec<Message>> {
        let mut log: Vec<Message> = Vec::new();
        loop {
            let after = log.last().map_or(0, |message| message.seq);
            let path = format!("/social/rooms/{room}/messages?afterSeq={after}&limit={PAGE}");
            let answer = self.call(Method::GET, &path, None).await?;
            let page: Page = wire::read(answer.map_err(|code| anyhow::anyhow!("cannot read {room}: {code}"))?)?;
            let more = page.has_more && !page.messages.is_empty();
            log.extend(page.messages.iter().map(wire::Message::recorded));
            if !more {
                return Ok(log);
            }
        }
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Answer> {
        answered(&self.http, method, path, Some(&self.token), body).await
    }
}

/// Repeats a call until it is answered with more than "come back later". Errors: it never is.
async fn answered(http: &Http, method: Method, path: &str, token: Option<&str>, body: Option<Value>) -> Result<Answer> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let why = match http.call(method.clone(), path, token, body.clone()).await {
            Ok((status, answer)) if status.is_success() => return Ok(Ok(answer)),
            Ok((status, answer)) => match answer["code"].as_str() {
                Some(code) if !is_passing(code) => return Ok(Err(code.to_owned())),
                Some(code) => code.to_owned(),
                None if status == StatusCode::SERVICE_UNAVAILABLE => status.to_string(),
                None => bail!("{method} {path} was answered {status} without a code"),
            },
            Err(error) => format!("{error:#}"),
        };
        if Instant::now() > deadline {
            bail!("{method} {path} had no answer for {} s: {why}", PATIENCE.as_secs());
        }
        sleep(PAUSE).await;
    }
}
