//! Passwords: argon2id with the library's default parameters (19 MiB, 2 passes: OWASP Password Storage Cheat Sheet),
//! on blocking threads, few at a time, because each takes memory and tens of milliseconds.

use std::sync::Arc;
use std::thread::available_parallelism;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use tokio::sync::Semaphore;

use crate::domain::{Error, Password, Result};

/// The hasher. Clones share their permits.
#[derive(Clone, Debug)]
pub struct Passwords {
    permits: Arc<Semaphore>,
    /// The hash of a password that nobody has, so that an unknown user takes as long as a wrong password.
    nobody: Arc<str>,
}

impl Passwords {
    /// A hasher that uses as many cores as there are. Errors: `internal` where the system gives no randomness.
    pub fn new() -> Result<Self> {
        let cores = available_parallelism().map_or(1, std::num::NonZero::get);
        Ok(Self { permits: Arc::new(Semaphore::new(cores)), nobody: hash("")?.into() })
    }

    /// The PHC string of a password.
    pub async fn hash(&self, password: Password) -> Result<String> {
        self.work(move || hash(&password.reveal())).await
    }

    /// Whether a password is the one that was hashed. Without a hash it is not, after the same time.
    pub async fn verify(&self, password: String, known: Option<String>) -> Result<bool> {
        let nobody = self.nobody.clone();
        self.work(move || {
            let matches = verify(&password, known.as_deref().unwrap_or(&nobody))?;
            Ok(matches && known.is_some())
        })
        .await
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let _permit = self.permits.acquire().await.map_err(|_| Error::Unavailable)?;
        tokio::task::spawn_blocking(work).await.map_err(|error| {
            tracing::error!(%error, "a password could not be worked on");
            Error::Internal
        })?
    }
}

fn hash(password: &str) -> Result<String> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|hash| hash.to_string()).map_err(|error| fault(&error))
}

fn verify(password: &str, hash: &str) -> Result<bool> {
    let hash = PasswordHash::new(hash).map_err(|error| fault(&error))?;
    Ok(Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

fn fault(error: &dyn std::fmt::Display) -> Error {
    tracing::error!(%error, "password hashing failed");
    Error::Internal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_password_itself_matches() {
        let passwords = Passwords::new().unwrap();
        let hash = passwords.hash(Password::parse("password", "correct horse".into()).unwrap()).await.unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(passwords.verify("correct horse".into(), Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("Correct horse".into(), Some(hash)).await.unwrap());
        assert!(!passwords.verify(String::new(), None).await.unwrap());
    }
}
