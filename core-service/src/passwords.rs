//! Passwords: argon2id with the library's default parameters (19 MiB, 2 passes: OWASP Password Storage Cheat Sheet),
//! on blocking threads, few at a time, because each takes memory and tens of milliseconds.

use std::sync::Arc;
use std::thread::available_parallelism;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use tokio::sync::Semaphore;

use crate::domain::{Error, Password, Result};

/// Passwords that wait for a core or have one, at most; beyond, callers are told to come back.
const QUEUE: usize = 256;

/// The hasher. Clones share their permits.
#[derive(Clone, Debug)]
pub struct Passwords {
    places: Arc<Semaphore>,
    cores: Arc<Semaphore>,
    /// The hash of a password that nobody has, so that an unknown user takes as long as a wrong password.
    nobody: Arc<str>,
}

impl Passwords {
    /// A hasher that uses as many cores as there are. Errors: `internal` where the system gives no randomness.
    pub fn new() -> Result<Self> {
        let cores = available_parallelism().map_or(1, std::num::NonZero::get);
        let (places, cores) = (Arc::new(Semaphore::new(QUEUE)), Arc::new(Semaphore::new(cores)));
        Ok(Self { places, cores, nobody: hash("")?.into() })
    }

    /// The PHC string of a password. Errors: `unavailable` where too many wait.
    pub async fn hash(&self, password: Password) -> Result<String> {
        self.work(move || hash(&password.reveal())).await
    }

    /// Whether a password is the one that was hashed. Without a hash it is not, after the same time.
    /// Errors: `unavailable` where too many wait.
    pub async fn verify(&self, password: String, known: Option<String>) -> Result<bool> {
        let nobody = self.nobody.clone();
        self.work(move || {
            let matches = verify(&password, known.as_deref().unwrap_or(&nobody))?;
            Ok(matches && known.is_some())
        })
        .await
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| Error::Unavailable)?;
        let core = self.cores.clone().acquire_owned().await.map_err(|_| Error::Unavailable)?;
        let worked = tokio::task::spawn_blocking(move || {
            // Held until the work is done, also where the caller goes away before.
            let _held = (place, core);
            work()
        });
        worked.await.map_err(|error| {
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

    #[tokio::test]
    async fn callers_that_go_away_keep_their_core_until_the_work_is_done() {
        let passwords = Passwords::new().unwrap();
        let cores = passwords.cores.available_permits();
        let (release, held) = std::sync::mpsc::channel::<()>();
        let held = Arc::new(std::sync::Mutex::new(held));
        for _ in 0..cores {
            let held = held.clone();
            let gone = passwords.work(move || {
                // Ends when the sender is gone.
                let _ = held.lock().unwrap().recv();
                Ok(())
            });
            let _ = futures::poll!(Box::pin(gone));
        }
        assert_eq!(passwords.cores.available_permits(), 0);
        drop(release);
        passwords.work(|| Ok(())).await.unwrap();
    }

    #[tokio::test]
    async fn too_many_at_once_are_told_to_come_back() {
        let passwords = Passwords::new().unwrap();
        let others = passwords.places.clone().try_acquire_many_owned(QUEUE as u32).unwrap();
        assert_eq!(passwords.verify(String::new(), None).await, Err(Error::Unavailable));
        drop(others);
        assert_eq!(passwords.verify(String::new(), None).await, Ok(false));
    }
}
