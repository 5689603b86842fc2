//! Accounts of internal services: each has a token of its own, and may do what its scopes say.

use std::fmt;
use std::str::FromStr;

use super::Timestamp;

/// Something that a service may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Send messages and upload files, on behalf of a user.
    MessagesWrite,
    /// Follow any room.
    RoomsWatch,
}

/// What a service may do: one thing at least, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scopes(Vec<Scope>);

/// The name of an account: `[a-z0-9][a-z0-9_.-]{0,63}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountName(String);

/// An account as operators see it.
#[derive(Clone, Debug)]
pub struct ServiceAccount {
    /// Its name.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to within a minute.
    pub last_used_at: Option<Timestamp>,
}

impl Scope {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::MessagesWrite => "messages:write",
            Self::RoomsWatch => "rooms:watch",
        }
    }
}

impl FromStr for Scope {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let all = [Self::MessagesWrite, Self::RoomsWatch];
        all.into_iter().find(|scope| scope.word() == text).ok_or("neither messages:write nor rooms:watch")
    }
}

impl Scopes {
    /// These scopes.
    #[must_use]
    pub fn of(mut scopes: Vec<Scope>) -> Self {
        scopes.sort_unstable();
        scopes.dedup();
        Self(scopes)
    }

    /// The scopes of stored words; a word that this version does not know allows nothing.
    #[must_use]
    pub fn stored(words: &str) -> Self {
        Self::of(words.split(' ').filter_map(|word| word.parse().ok()).collect())
    }

    /// Whether they cover something.
    #[must_use]
    pub fn cover(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }
}

/// The words, separated by spaces.
impl fmt::Display for Scopes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.0.iter().map(|scope| scope.word()).collect();
        formatter.write_str(&words.join(" "))
    }
}

impl AccountName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccountName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let first = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let rest = |byte: u8| first(byte) || matches!(byte, b'_' | b'.' | b'-');
        let good = text.len() <= 64 && text.bytes().next().is_some_and(first) && text.bytes().all(rest);
        if good {
            Ok(Self(text.to_owned()))
        } else {
            Err("1 to 64 of a-z, 0-9, '_', '.', '-', the first a letter or digit")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_survive_the_store_and_unknown_words_allow_nothing() {
        let both = Scopes::of(vec![Scope::RoomsWatch, Scope::MessagesWrite, Scope::RoomsWatch]);
        assert_eq!(both.to_string(), "messages:write rooms:watch");
        assert_eq!(Scopes::stored(&both.to_string()), both);
        assert!(!Scopes::stored("rooms:watch everything").cover(Scope::MessagesWrite));
    }

    #[test]
    fn names() {
        for good in ["a", "billing-2", "a.b_c"] {
            assert!(good.parse::<AccountName>().is_ok(), "{good}");
        }
        for bad in ["", "A", "-a", "a b", "a\n", &"x".repeat(65)] {
            assert!(bad.parse::<AccountName>().is_err(), "{bad:?}");
        }
    }
}
