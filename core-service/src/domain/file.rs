//! Files: what they are called and what they are.

use super::{Error, FileId, Result};

/// Characters of a name.
const MAX_NAME: usize = 255;
/// Characters of a media type.
const MAX_TYPE: usize = 127;
/// What is known of a content that shows nothing.
const UNKNOWN: &str = "application/octet-stream";
/// Text that is nothing else.
const PLAIN: &str = "text/plain";

/// The name of a file: trimmed, 1 to 255 characters, none that separates paths, controls a terminal or turns the
/// direction of writing; neither `.` nor `..`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName(String);

/// A media type without parameters, in lower case (RFC 9110, 8.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaType(String);

/// The SHA-256 of a content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sha256Hash([u8; 32]);

/// A file on its way in, whose content is stored.
#[derive(Clone, Debug)]
pub struct NewFile {
    /// What it is called.
    pub name: FileName,
    /// What it is.
    pub media_type: MediaType,
    /// In bytes.
    pub size: i64,
    /// What names its content.
    pub sha256: Sha256Hash,
}

/// A stored file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// The id.
    pub id: FileId,
    /// What it is called.
    pub name: String,
    /// What it is.
    pub media_type: String,
    /// In bytes.
    pub size: i64,
    /// What names its content.
    pub sha256: Sha256Hash,
}

impl FileName {
    /// Trims and checks. Errors: `invalid_argument`.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let turns = |char| matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let bad = |char: char| matches!(char, '/' | '\\') || char.is_control() || turns(char);
        if text.is_empty() || text.chars().nth(MAX_NAME).is_some() {
            return Err(Error::invalid("name", "must have 1 to 255 characters"));
        }
        if matches!(text, "." | "..") || text.contains(bad) {
            return Err(Error::invalid("name", "has path separators or control characters"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The trimmed name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl MediaType {
    /// Reads what somebody takes a content for; parameters are dropped, and nothing said is nothing known.
    /// Errors: `invalid_argument`.
    pub fn parse(text: &str) -> Result<Self> {
        let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if essence.is_empty() {
            return Ok(Self(UNKNOWN.to_owned()));
        }
        let token = |part: &str| {
            let good = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
            !part.is_empty() && part.bytes().all(good)
        };
        let well_formed = essence.split_once('/').is_some_and(|(kind, name)| token(kind) && token(name));
        if !well_formed || essence.len() > MAX_TYPE {
            return Err(Error::invalid("mimeType", "not a media type"));
        }
        Ok(Self(essence))
    }

    /// What a content is, by its first bytes; they have the last word about everything that browsers display, what was
    /// declared has it elsewhere.
    #[must_use]
    pub fn of(declared: &Self, head: &[u8]) -> Self {
        let known = infer::get(head).map(|kind| kind.mime_type()).or_else(|| markup(head));
        let actual = match known {
            Some(known) if is_displayed(known) => known,
            Some(known) if is_displayed(&declared.0) || declared.is_unknown() => known,
            None if is_text(head) && (is_displayed(&declared.0) || declared.is_unknown()) => PLAIN,
            None if !is_text(head) && (is_displayed(&declared.0) || declared.0.starts_with("text/")) => UNKNOWN,
            _ => &declared.0,
        };
        Self(actual.to_owned())
    }

    /// Makes sure that a content may pass for what it was declared to be. Errors: `invalid_argument`.
    pub fn verify(declared: &Self, head: &[u8]) -> Result<()> {
        let actual = Self::of(declared, head);
        if actual == *declared
            || declared.is_unknown()
            || family(&actual.0).is_some_and(|of| Some(of) == family(&declared.0))
        {
            Ok(())
        } else {
            Err(Error::invalid("mimeType", "not what the content is"))
        }
    }

    /// The text form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn is_unknown(&self) -> bool {
        self.0 == UNKNOWN
    }
}

/// Whether browsers show it by themselves, and run nothing in it.
fn is_displayed(essence: &str) -> bool {
    family(essence).is_some() || matches!(essence, PLAIN | "application/pdf")
}

/// Types that pass for each other: programs name the same picture or sound in several ways.
fn family(essence: &str) -> Option<&'static str> {
    match essence.split_once('/') {
        // A program in the guise of a picture.
        Some(("image", "svg+xml")) => None,
        Some(("image", _)) => Some("image"),
        Some(("audio" | "video", _)) => Some("sound and film"),
        _ => None,
    }
}

/// What begins like markup, which a program may take for a page.
fn markup(head: &[u8]) -> Option<&'static str> {
    let begins = head.trim_ascii_start().strip_prefix(b"<")?.first()?;
    let svg = head.windows(4).any(|window| window.eq_ignore_ascii_case(b"<svg"));
    (begins.is_ascii_alphabetic() || b"!?".contains(begins)).then_some(if svg { "image/svg+xml" } else { "text/xml" })
}

fn is_text(head: &[u8]) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // Cut within a character.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.chars().any(|char| char.is_control() && !matches!(char, '\t' | '\n' | '\r' | '\u{c}'))
}

impl Sha256Hash {
    /// The hash of 32 bytes.
    #[must_use]
    pub fn stored(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes to store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Lower-case hexadecimal.
impl std::fmt::Display for Sha256Hash {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0<html><script>";
    const HTML: &[u8] = b"<!DOCTYPE html><script>alert(1)</script>";
    const SVG: &[u8] = b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>";

    fn declared(text: &str) -> MediaType {
        MediaType::parse(text).unwrap()
    }

    #[test]
    fn names() {
        for good in
            ["a", " a.png ", "Gr\u{fc}\u{df}e.txt", "...", ".bashrc", &"x".repeat(255), &"\u{1f980}".repeat(255)]
        {
            assert!(FileName::parse(good).is_ok(), "{good:?}");
        }
        for bad in
            ["", " ", ".", "..", "../../etc/passwd", "a\\b", "a\0b", "a\nb", "a\u{202e}gpj.exe", &"x".repeat(300)]
        {
            assert!(FileName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn types_lose_their_parameters() {
        assert_eq!(declared("Text/Plain; charset=utf-8").as_str(), PLAIN);
        assert_eq!(declared("").as_str(), UNKNOWN);
        for bad in ["text", "/", "text/", "a b/c", "text/pl\u{e4}in", "x/y\r\nz: 1", &format!("x/{}", "y".repeat(126))]
        {
            assert!(MediaType::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_content_says_what_browsers_may_display() {
        for (said, head, actual) in [
            ("image/png", PNG, "image/png"),
            ("text/html", PNG, "image/png"),
            ("image/jpeg", HTML, "text/html"),
            ("text/plain", HTML, "text/html"),
            ("", HTML, "text/html"),
            ("image/svg+xml", SVG, "image/svg+xml"),
            ("image/png", SVG, "image/svg+xml"),
            ("text/plain", b" <b onclick=x>", "text/html"),
            ("text/plain", b" <x onclick=x>", "text/xml"),
            ("text/plain", b"a < b, <3", "text/plain"),
            ("text/csv", b"a,b\n1,2\n", "text/csv"),
            ("", b"just words, \xc3\xa4", "text/plain"),
            ("video/mp4", b"just words, cut in \xc3", "text/plain"),
            ("image/png", b"\x01\x02\x03\xff", UNKNOWN),
            ("text/plain", b"\x01\x02\x03\xff", UNKNOWN),
            ("application/x-own", b"\x01\x02\x03\xff", "application/x-own"),
            ("application/vnd.own", b"PK\x03\x04 and so on", "application/vnd.own"),
            ("image/png", b"", "text/plain"),
        ] {
            assert_eq!(MediaType::of(&declared(said), head).as_str(), actual, "{said} {head:?}");
        }
    }

    #[test]
    fn a_lie_is_told_from_another_name_for_the_same() {
        for (said, head) in [
            ("image/png", PNG),
            ("image/jpg", PNG),
            ("application/octet-stream", HTML),
            ("text/html", HTML),
            ("image/svg+xml", SVG),
            ("application/json", b"{}"),
        ] {
            assert!(MediaType::verify(&declared(said), head).is_ok(), "{said} {head:?}");
        }
        for (said, head) in
            [("image/png", HTML), ("text/html", PNG), ("text/plain", HTML), ("application/pdf", b"words")]
        {
            assert!(MediaType::verify(&declared(said), head).is_err(), "{said} {head:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_runs_is_called_displayable(said in "[a-z]{1,8}/[a-z+]{1,8}", tail in "\\PC{0,40}") {
            for start in ["<!DOCTYPE html>", "<html>", "<script>", "<svg onload=x>", "<?xml version='1.0'?><html/>"] {
                let actual = MediaType::of(&declared(&said), format!("{start}{tail}").as_bytes());
                prop_assert!(actual.as_str() == PLAIN || !is_displayed(actual.as_str()), "{:?}", actual);
            }
        }
    }
}
