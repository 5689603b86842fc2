//! How a browser is told to treat a file: shown in place where that is safe, otherwise saved under its name (RFC 6266).

use http::HeaderValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What is shown in place. None of these runs anything.
#[rustfmt::skip]
const SHOWN: [&str; 21] = [
    "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp",
    "audio/mpeg", "audio/ogg", "audio/wav", "audio/x-wav", "audio/webm", "audio/mp4", "audio/flac", "audio/aac",
    "audio/x-m4a",
    "video/mpeg", "video/ogg", "video/webm", "video/mp4", "video/quicktime",
    "application/pdf",
];

/// Shown too, as what texts are nowadays.
const TEXT: &str = "text/plain";

/// What RFC 5987 escapes: all but `attr-char`.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

const BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// `Content-Type` of a file of this type. What a page could load as a script or a style is named mere bytes, which
/// `nosniff` keeps from being either: the page's policy takes scripts from this origin.
pub(super) fn content_type(mime_type: &str) -> HeaderValue {
    match essence(mime_type) {
        text if text == TEXT => HeaderValue::from_static("text/plain; charset=utf-8"),
        code if code.contains("script") || code == "text/css" => BYTES,
        _ => HeaderValue::try_from(mime_type).unwrap_or(BYTES),
    }
}

/// `Content-Disposition` of a file of this type and name.
pub(super) fn disposition(mime_type: &str, name: &str) -> HeaderValue {
    let essence = essence(mime_type);
    let how = if essence == TEXT || SHOWN.contains(&essence.as_str()) { "inline" } else { "attachment" };
    let plain = |c: char| if c.is_ascii_alphanumeric() || " ._-".contains(c) { c } else { '_' };
    let fallback: String = name.chars().map(plain).collect();
    let named = format!("{how}; filename=\"{fallback}\"; filename*=UTF-8''{}", utf8_percent_encode(name, ESCAPED));
    HeaderValue::try_from(named).unwrap_or(HeaderValue::from_static("attachment"))
}

/// A media type without its parameters.
fn essence(mime_type: &str) -> String {
    mime_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_safe_is_shown() {
        for shown in ["image/png", "Image/PNG", "video/webm; codecs=vp9", "text/plain", "application/pdf"] {
            assert!(disposition(shown, "x").to_str().unwrap().starts_with("inline; "), "{shown}");
        }
        for saved in ["image/svg+xml", "text/html", "application/xhtml+xml", "text/xml", "application/zip", "", "x"] {
            assert!(disposition(saved, "x").to_str().unwrap().starts_with("attachment; "), "{saved}");
        }
    }

    #[test]
    fn a_text_is_utf8_and_what_is_no_header_is_bytes() {
        assert_eq!(content_type("text/plain; charset=x"), "text/plain; charset=utf-8");
        assert_eq!(content_type("image/png"), "image/png");
        assert_eq!(content_type("a\r\nb"), BYTES);
    }

    #[test]
    fn nothing_is_a_script_or_a_style() {
        for code in ["text/javascript", "Application/ECMAScript", "text/javascript1.5; charset=utf-8", "text/css"] {
            assert_eq!(content_type(code), BYTES, "{code}");
        }
        assert_eq!(content_type("application/zip"), "application/zip");
    }

    #[test]
    fn a_name_comes_plain_and_in_full() {
        let named = disposition("application/zip", "Plän \"1\" (é).zip");
        let full = "Pl%C3%A4n%20%221%22%20%28%C3%A9%29.zip";
        assert_eq!(named, format!("attachment; filename=\"Pl_n _1_ ___.zip\"; filename*=UTF-8''{full}"));
        assert_eq!(disposition("text/plain", "a.txt"), "inline; filename=\"a.txt\"; filename*=UTF-8''a.txt");
    }
}
