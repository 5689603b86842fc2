//! A file that came along with a send: decoded, and stored before the send asks for its place in the line.

use std::time::Duration;

use bytes::Bytes;
use chat_proto::v1;
use chat_proto::v1::upload_file_request::Part;
use data_url::DataUrl;
use futures::stream;
use tokio::time::{Instant, sleep, timeout_at};

use super::payload::Inline;
use crate::core::{Core, PART, with_token};
use crate::error::{Code, Refusal};

/// Pause before another attempt, where the core is away.
const PAUSE: Duration = Duration::from_millis(100);

/// Stores a file; where the core is away it is tried until the time is up. The same file again is the same file, so
/// that a send that is tried again refers to one that is known.
///
/// Errors: `invalid_argument` for what is no data URL or lies about itself, the core's, `unavailable`.
pub(super) async fn store(
    core: &Core,
    token: &str,
    inline: Inline,
    until: Instant,
) -> Result<v1::FileReference, Refusal> {
    let bytes = decode(&inline.data_url, &inline.mime_type)?;
    let header = v1::UploadFileHeader {
        name: inline.name,
        mime_type: inline.mime_type,
        size: Some(inline.size),
        verify_type: true,
        inline: true,
    };
    loop {
        let stored = timeout_at(until, attempt(core.clone(), token, header.clone(), bytes.clone())).await;
        match stored.unwrap_or_else(|_| Err(Refusal::unavailable())) {
            Err(refusal) if refusal.is(Code::Unavailable) && Instant::now() + PAUSE < until => sleep(PAUSE).await,
            stored => return stored,
        }
    }
}

async fn attempt(
    mut core: Core,
    token: &str,
    header: v1::UploadFileHeader,
    bytes: Bytes,
) -> Result<v1::FileReference, Refusal> {
    let chunks = (0..bytes.len().div_ceil(PART)).map(move |index| {
        let part = bytes.slice(index * PART..bytes.len().min((index + 1) * PART));
        Part::Chunk(part.to_vec())
    });
    let parts = std::iter::once(Part::Header(header)).chain(chunks);
    let parts = parts.map(|part| v1::UploadFileRequest { part: Some(part) });
    let stored = core.files.upload_file(with_token(token, stream::iter(parts))?).await?.into_inner();
    let file = stored.file.ok_or_else(|| Refusal::new(Code::Internal, "internal error"))?;
    Ok(v1::FileReference { file_id: file.file_id })
}

/// The content of a data URL (RFC 2397) that is of the type it should be, if it says any.
fn decode(url: &str, mime_type: &str) -> Result<Bytes, Refusal> {
    let malformed = || Refusal::invalid("file.dataUrl: not a data URL");
    let parsed = DataUrl::process(url).map_err(|_| malformed())?;
    let said = &parsed.mime_type();
    let says_nothing = url.get(5..6).is_some_and(|next| matches!(next, "," | ";"));
    let essence = mime_type.split(';').next().unwrap_or_default().trim();
    if !says_nothing && !essence.eq_ignore_ascii_case(&format!("{}/{}", said.type_, said.subtype)) {
        return Err(Refusal::invalid("file.mimeType: not the type of the data URL"));
    }
    let (bytes, _) = parsed.decode_to_vec().map_err(|_| malformed())?;
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn data_urls() {
        for (url, mime_type, content) in [
            ("data:text/plain;base64,aGk=", "text/plain", "hi"),
            ("data:text/plain;charset=utf-8;base64,aGk=", "Text/Plain; charset=utf-8", "hi"),
            ("data:;base64,aGk=", "image/png", "hi"),
            ("data:,a%20b", "text/plain", "a b"),
            ("data:text/plain;base64,", "text/plain", ""),
        ] {
            assert_eq!(decode(url, mime_type).unwrap(), content.as_bytes(), "{url}");
        }
        for (url, mime_type) in [
            ("", "text/plain"),
            ("aGk=", "text/plain"),
            ("data:", "text/plain"),
            ("data:text/plain;base64,a", "text/plain"),
            ("data:text/plain;base64,a*k=", "text/plain"),
            ("http://localhost/", "text/plain"),
            ("data:text/html;base64,aGk=", "text/plain"),
            ("data:text/plain;base64,aGk=", ""),
        ] {
            assert!(decode(url, mime_type).is_err(), "{url}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(url in "(data:)?\\PC{0,40}", mime_type in "\\PC{0,20}") {
            let _ = decode(&url, &mime_type);
        }

        #[test]
        fn a_content_survives(content: Vec<u8>) {
            use base64::Engine as _;
            let text = base64::engine::general_purpose::STANDARD.encode(&content);
            prop_assert_eq!(decode(&format!("data:a/b;base64,{text}"), "a/b").unwrap(), content);
        }
    }
}
