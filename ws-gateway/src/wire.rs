//! Every JSON shape that leaves the gateway, shared by REST and events. `golden/*.json` shows each of them.

mod described;
mod direct;
mod file;
mod friend;
mod live;
mod message;
mod room;
mod session;

use std::time::SystemTime;

use prost_types::Timestamp;
use serde::Serialize;

use crate::error::{ErrorBody, Refusal};

pub(crate) use described::*;
pub(crate) use direct::*;
pub(crate) use file::*;
pub(crate) use friend::*;
pub(crate) use live::*;
pub(crate) use message::*;
pub(crate) use room::*;
pub(crate) use session::*;

/// What an acknowledgement callback gets: `ok`, the answer's fields or the error.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Callback<T> {
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorBody>,
    #[serde(flatten)]
    answer: Option<T>,
}

impl<T> Callback<T> {
    pub(crate) fn ok(answer: T) -> Self {
        Self { ok: true, error: None, answer: Some(answer) }
    }

    /// Without anything to say.
    pub(crate) fn done() -> Self {
        Self { ok: true, error: None, answer: None }
    }

    pub(crate) fn refused(refusal: &Refusal, answer: Option<T>) -> Self {
        Self { ok: false, error: Some(refusal.body()), answer }
    }
}

/// A refused event that had no callback.
#[derive(Debug, Serialize)]
pub(crate) struct RequestError<'a> {
    pub(crate) event: &'a str,
    pub(crate) error: ErrorBody,
}

/// The time now.
pub(crate) fn now() -> Timestamp {
    SystemTime::now().into()
}

/// RFC 3339 in UTC with exactly three decimals.
pub(crate) fn time(time: Option<Timestamp>) -> String {
    let Timestamp { seconds, nanos } = time.unwrap_or_default();
    let whole = Timestamp { seconds, nanos: 0 }.to_string();
    format!("{}.{:03}Z", whole.trim_end_matches('Z'), nanos / 1_000_000)
}

#[cfg(test)]
mod tests;
