//! Texts that people write, each within its limits (contract: Identifiers and limits).

use super::{Error, Result, UserId};

/// Code points of a message's text, after trimming.
const MAX_MESSAGE: usize = 8_000;
/// Code points of a room's title, after trimming.
const MAX_TITLE: usize = 100;
/// Code points of a display name, after trimming.
const MAX_DISPLAY_NAME: usize = 64;
/// Characters of a password.
const PASSWORD: std::ops::RangeInclusive<usize> = 8..=256;

/// The text of a message: trimmed, at most 8,000 code points, no NUL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageText(String);

/// The title of a room: trimmed, at most 100 code points, no control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Title(String);

/// How a person is called: trimmed, at most 64 code points, no control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisplayName(String);

/// A password that somebody chooses: 8 to 256 characters. Never shown by `Debug`.
pub struct Password(String);

impl MessageText {
    /// Trims and checks. Errors: `invalid_argument` (empty, NUL), `too_large`.
    pub fn parse(text: &str) -> Result<Self> {
        let text = Self::beside_file(text)?;
        if text.0.is_empty() { Err(Error::invalid("text", "empty")) } else { Ok(text) }
    }

    /// The same beside a file, where there need be no text. Errors: `invalid_argument` (NUL), `too_large`.
    pub fn beside_file(text: &str) -> Result<Self> {
        let text = text.trim();
        if text.contains('\0') {
            return Err(Error::invalid("text", "has a NUL character"));
        }
        if text.chars().nth(MAX_MESSAGE).is_some() {
            return Err(Error::TooLarge { field: "text", limit: "8000 characters".to_owned() });
        }
        Ok(Self(text.to_owned()))
    }

    /// The trimmed text.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }

    /// The trimmed text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Title {
    /// Trims and checks; an empty one becomes `default`. Errors: `invalid_argument`, `too_large`.
    pub fn parse(text: &str, default: &str) -> Result<Self> {
        label("title", text, default, MAX_TITLE, "100 characters").map(Self)
    }

    /// The trimmed text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl DisplayName {
    /// Trims and checks; an empty one becomes the user's id. Errors: `invalid_argument`, `too_large`.
    pub fn parse(text: &str, user: &UserId) -> Result<Self> {
        label("displayName", text, user.as_str(), MAX_DISPLAY_NAME, "64 characters").map(Self)
    }

    /// The trimmed text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Password {
    /// Checks the length. `field` is named in the error, `invalid_argument`.
    pub fn parse(field: &'static str, text: String) -> Result<Self> {
        if PASSWORD.contains(&text.chars().count()) {
            Ok(Self(text))
        } else {
            Err(Error::invalid(field, "must have 8 to 256 characters"))
        }
    }

    /// The password itself, for hashing.
    #[must_use]
    pub fn reveal(self) -> String {
        self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Password(..)")
    }
}

fn label(field: &'static str, text: &str, default: &str, max: usize, limit: &'static str) -> Result<String> {
    let text = text.trim();
    if text.chars().any(char::is_control) {
        return Err(Error::invalid(field, "has control characters"));
    }
    if text.chars().nth(max).is_some() {
        return Err(Error::TooLarge { field, limit: limit.to_owned() });
    }
    Ok(if text.is_empty() { default } else { text }.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_trimmed_and_counted_in_code_points() {
        assert_eq!(MessageText::parse(" \u{3000}hi\n").unwrap().as_str(), "hi");
        assert!(MessageText::parse(&"\u{1f980}".repeat(8_000)).is_ok());
        assert!(matches!(MessageText::parse(&"x".repeat(8_001)), Err(Error::TooLarge { field: "text", .. })));
        assert!(MessageText::parse(&format!("  {}  ", "x".repeat(8_000))).is_ok());
        for bad in ["", " \n\t", "a\0b"] {
            assert!(matches!(MessageText::parse(bad), Err(Error::InvalidArgument { field: "text", .. })), "{bad:?}");
        }
        assert_eq!(MessageText::beside_file(" ").unwrap().as_str(), "");
        assert!(MessageText::beside_file("a\0b").is_err());
    }

    #[test]
    fn an_empty_label_takes_its_default() {
        let user = UserId::stored("alice");
        assert_eq!(DisplayName::parse("  ", &user).unwrap().as_str(), "alice");
        assert_eq!(Title::parse(" Plans ", "r1").unwrap().as_str(), "Plans");
        assert!(Title::parse("a\nb", "r1").is_err());
        assert!(Title::parse(&"x".repeat(101), "r1").is_err());
    }

    #[test]
    fn a_password_is_counted_in_characters_and_never_printed() {
        assert!(Password::parse("password", "1234567".into()).is_err());
        assert!(Password::parse("password", "\u{e9}".repeat(256)).is_ok());
        assert!(Password::parse("password", "x".repeat(257)).is_err());
        assert_eq!(format!("{:?}", Password::parse("password", "12345678".into()).unwrap()), "Password(..)");
    }
}
