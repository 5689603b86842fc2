//! The service token on the gateway's side: the core may be about to make it.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chat_process::service_token::TokenError;
use chat_process::{ServiceToken, Shutdown, StartError};

use crate::error::Refusal;

/// How often the gateway looks for a token that is missing.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The token, as soon as there is one. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Token(Arc<OnceLock<ServiceToken>>);

impl Token {
    /// Reads the token, and waits for it in the background where it is missing. Errors: one that is of no use.
    pub(crate) fn load(path: PathBuf, shutdown: &Shutdown) -> Result<Self, StartError> {
        let token = Self::default();
        match ServiceToken::load(&path) {
            Ok(found) => token.set(found),
            Err(TokenError::Missing(_)) => {
                tracing::warn!(path = %path.display(), "waiting for the service token");
                let (waiting, stop) = (token.clone(), shutdown.token());
                shutdown.spawn(async move {
                    stop.run_until_cancelled(waiting.wait_for(path)).await;
                });
            }
            Err(error) => return Err(StartError::Start(error.to_string())),
        }
        Ok(token)
    }

    /// The token. Errors: `unavailable` while it is missing.
    pub(crate) fn get(&self) -> Result<&ServiceToken, Refusal> {
        self.0.get().ok_or_else(Refusal::unavailable)
    }

    fn set(&self, token: ServiceToken) {
        // Only one task looks for it.
        let _ = self.0.set(token);
    }

    async fn wait_for(self, path: PathBuf) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            match ServiceToken::load(&path) {
                Ok(found) => return self.set(found),
                Err(TokenError::Missing(_)) => {}
                Err(error) => tracing::error!(%error, "the service token is of no use"),
            }
        }
    }
}
