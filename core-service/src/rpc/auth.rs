//! `AuthService`: accounts and sessions.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chat_proto::v1;
use chat_proto::v1::auth_service_server::AuthService;
use tonic::{Request, Response, Status};

use super::gate::Gate;
use super::{Parts, convert};
use crate::config::{Config, FileLimits};
use crate::domain::{
    Account, Clock, DisplayName, Error, NewSession, Password, Profile, Result as DomainResult, SessionId, Token, UserId,
};
use crate::limits::Limits;
use crate::passwords::Passwords;
use crate::store::Store;

/// Users that a search answers where no limit is given, and at most.
const SEARCH: (i32, i32) = (20, 50);
/// Characters of a search at most: no name is longer.
const MAX_QUERY: usize = 64;
/// Characters kept of a user agent.
const USER_AGENT: usize = 255;

/// The service.
pub(crate) struct Auth {
    store: Store,
    gate: Gate,
    limits: Arc<Limits>,
    passwords: Passwords,
    clock: Clock,
    session_ttl: Duration,
    file_limits: FileLimits,
}

impl Auth {
    pub(super) fn new(parts: Parts, gate: Gate, config: &Config) -> Self {
        let Parts { store, limits, passwords, clock, .. } = parts;
        let (session_ttl, file_limits) = (config.session_ttl, config.file_limits);
        Self { store, gate, limits, passwords, clock, session_ttl, file_limits }
    }

    async fn sign_up(&self, request: v1::SignUpRequest, from: IpAddr) -> DomainResult<v1::SessionResponse> {
        let user = UserId::parse("userId", &request.user_id)?;
        let display_name = DisplayName::parse(&request.display_name, &user)?;
        let password = Password::parse("password", request.password)?;
        self.limits.check_sign_up(from, Instant::now())?;
        let account = Account { user, display_name, password_hash: self.passwords.hash(password).await? };
        let (token, session) = self.new_session(request.client)?;
        let expires_at = session.expires_at;
        let profile = self.store.sign_up(account, session).await?;
        Ok(opened(profile, token, expires_at))
    }

    async fn log_in(&self, request: v1::LogInRequest, from: IpAddr) -> DomainResult<v1::SessionResponse> {
        let attempt = self.limits.begin_login(&request.user_id, from, Instant::now())?;
        // Whatever is wrong, a password is verified: the answer takes the same time.
        let user = UserId::parse("userId", &request.user_id).ok();
        let known = match &user {
            Some(user) => self.store.password_hash(user.clone()).await?,
            None => None,
        };
        let right = self.passwords.verify(request.password, known.clone()).await?;
        let (Some(user), Some(verified), true) = (user, known, right) else { return Err(Error::WrongPassword) };
        let (token, session) = self.new_session(request.client)?;
        let expires_at = session.expires_at;
        let profile = self.store.log_in(user, verified, session).await?;
        attempt.succeeded();
        Ok(opened(profile, token, expires_at))
    }

    fn new_session(&self, client: Option<v1::Client>) -> DomainResult<(Token, NewSession)> {
        let token = Token::make()?;
        let user_agent = client.unwrap_or_default().user_agent;
        let session = NewSession {
            id: SessionId::make(),
            token: token.hash(),
            expires_at: self.clock.now().plus(self.session_ttl),
            user_agent: user_agent.chars().filter(|char| !char.is_control()).take(USER_AGENT).collect(),
        };
        Ok((token, session))
    }
}

#[tonic::async_trait]
impl AuthService for Auth {
    async fn sign_up(&self, request: Request<v1::SignUpRequest>) -> Result<Response<v1::SessionResponse>, Status> {
        let said = request.get_ref().client.as_ref().map(|client| client.address.as_str());
        let from = self.gate.address(&request, said)?;
        Ok(Response::new(self.sign_up(request.into_inner(), from).await?))
    }

    async fn log_in(&self, request: Request<v1::LogInRequest>) -> Result<Response<v1::SessionResponse>, Status> {
        let said = request.get_ref().client.as_ref().map(|client| client.address.as_str());
        let from = self.gate.address(&request, said)?;
        Ok(Response::new(self.log_in(request.into_inner(), from).await?))
    }

    async fn log_out(&self, request: Request<v1::LogOutRequest>) -> Result<Response<v1::LogOutResponse>, Status> {
        self.store.log_out(self.gate.admit(&request)?).await?;
        Ok(Response::new(v1::LogOutResponse {}))
    }

    async fn get_me(&self, request: Request<v1::GetMeRequest>) -> Result<Response<v1::GetMeResponse>, Status> {
        let me = self.store.me(self.gate.admit(&request)?).await?;
        let session = me.session.as_ref();
        Ok(Response::new(v1::GetMeResponse {
            user_id: me.profile.user.to_string(),
            display_name: me.profile.display_name,
            expires_at: session.map(|session| convert::proto_time(session.expires_at)),
            session_id: session.map(|session| session.id.to_string()).unwrap_or_default(),
            epoch: self.store.epoch().to_owned(),
            file_limits: Some(v1::FileLimits {
                max_inline_bytes: self.file_limits.max_inline_bytes,
                max_upload_bytes: self.file_limits.max_upload_bytes,
            }),
        }))
    }

    async fn search_users(
        &self,
        request: Request<v1::SearchUsersRequest>,
    ) -> Result<Response<v1::SearchUsersResponse>, Status> {
        let credential = self.gate.admit(&request)?;
        let request = request.into_inner();
        let query = request.query.trim();
        if query.is_empty() || query.chars().nth(MAX_QUERY).is_some() {
            return Err(Error::invalid("query", "must have 1 to 64 characters").into());
        }
        let limit = match request.limit {
            0 => SEARCH.0,
            limit if (1..=SEARCH.1).contains(&limit) => limit,
            _ => return Err(Error::invalid("limit", "must be 1 to 50").into()),
        };
        let users = self.store.search_users(credential, query, limit).await?;
        Ok(Response::new(v1::SearchUsersResponse { users: users.into_iter().map(convert::user).collect() }))
    }

    async fn list_sessions(
        &self,
        request: Request<v1::ListSessionsRequest>,
    ) -> Result<Response<v1::ListSessionsResponse>, Status> {
        let (sessions, asking) = self.store.sessions(self.gate.admit(&request)?).await?;
        let sessions = sessions.into_iter().map(|session| convert::session(session, asking)).collect();
        Ok(Response::new(v1::ListSessionsResponse { sessions }))
    }

    async fn revoke_session(
        &self,
        request: Request<v1::RevokeSessionRequest>,
    ) -> Result<Response<v1::RevokeSessionResponse>, Status> {
        let credential = self.gate.admit(&request)?;
        match SessionId::parse(&request.get_ref().session_id) {
            Ok(session) => self.store.revoke_session(credential, session).await?,
            Err(refusal) => return Err(self.store.refusal(credential, refusal).await.into()),
        }
        Ok(Response::new(v1::RevokeSessionResponse {}))
    }

    async fn change_password(
        &self,
        request: Request<v1::ChangePasswordRequest>,
    ) -> Result<Response<v1::ChangePasswordResponse>, Status> {
        let credential = self.gate.admit(&request)?;
        let request = request.into_inner();
        let new = Password::parse("newPassword", request.new_password)?;
        let (user, current) = self.store.own_password_hash(credential.clone()).await?;
        let attempt = self.limits.begin_password_check(&user, Instant::now())?;
        if !self.passwords.verify(request.current_password, Some(current.clone())).await? {
            return Err(Error::Forbidden("the current password is wrong").into());
        }
        attempt.succeeded();
        let new = self.passwords.hash(new).await?;
        self.store.change_password(credential, current, new).await?;
        Ok(Response::new(v1::ChangePasswordResponse {}))
    }
}

fn opened(profile: Profile, token: Token, expires_at: crate::domain::Timestamp) -> v1::SessionResponse {
    v1::SessionResponse {
        user_id: profile.user.to_string(),
        display_name: profile.display_name,
        token: token.reveal(),
        expires_at: Some(convert::proto_time(expires_at)),
    }
}
