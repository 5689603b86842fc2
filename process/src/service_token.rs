//! The secret by which the gateway proves to the core that it is the gateway.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

/// Shortest secret that is accepted, in characters.
const MIN_CHARS: usize = 32;

/// The environment variable that holds the token itself.
const VARIABLE: &str = "CHAT_SERVICE_TOKEN";

/// A service token: at least 32 visible ASCII characters. Never shown by `Debug`.
#[derive(Clone)]
pub struct ServiceToken(String);

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The file is not there (yet).
    #[error("no service token at {0}")]
    Missing(String),
    /// It is there, but of no use.
    #[error("the service token in {0} {1}")]
    Unusable(String, String),
}

impl ServiceToken {
    /// The token from `CHAT_SERVICE_TOKEN`, where that is set, otherwise from the file.
    pub fn load(path: &Path) -> Result<Self, TokenError> {
        if let Ok(text) = std::env::var(VARIABLE) {
            return Self::parse(&text).map_err(|problem| TokenError::Unusable(VARIABLE.to_owned(), problem));
        }
        let shown = path.display().to_string();
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(&text).map_err(|problem| TokenError::Unusable(shown, problem)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(TokenError::Missing(shown)),
            Err(error) => Err(TokenError::Unusable(shown, format!("cannot be read: {error}"))),
        }
    }

    /// Checks the form; white space around it is dropped.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.len() < MIN_CHARS {
            return Err(format!("is shorter than {MIN_CHARS} characters"));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("has characters other than visible ASCII".to_owned());
        }
        Ok(Self(text.to_owned()))
    }

    /// The secret itself, for an `authorization` header or a comparison in constant time.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ServiceToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ServiceToken(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_long_visible_and_never_printed() {
        let secret = "0123456789abcdef0123456789abcdef";
        let token = ServiceToken::parse(&format!(" {secret}\n"));
        assert!(token.as_ref().is_ok_and(|token| token.reveal() == secret));
        assert!(!format!("{token:?}").contains(secret));
        assert!(ServiceToken::parse("short").is_err());
        assert!(ServiceToken::parse(&"\u{e9}".repeat(40)).is_err());
    }

    #[test]
    fn a_missing_file_is_told_apart_from_a_bad_one() {
        assert!(matches!(ServiceToken::load(Path::new("/nonexistent/token")), Err(TokenError::Missing(_))));
        assert!(matches!(ServiceToken::load(Path::new("/")), Err(TokenError::Unusable(..))));
    }
}
