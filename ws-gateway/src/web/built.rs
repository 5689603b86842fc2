//! One file of the built client as an answer: compressed when it was built, the smallest form that the browser takes.
//! Only what everybody may read is compressed, so that lengths tell nobody a secret.

use axum::response::{IntoResponse as _, Response};
use headers::{ETag, HeaderMapExt as _, IfNoneMatch};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[cfg_attr(not(test), folder = "../web/dist")]
#[cfg_attr(test, folder = "src/web/built_for_tests")]
struct Dist;

/// Content codings, the smaller ones first, and how the build's files in them end.
const CODINGS: [(&str, &str); 2] = [("br", "br"), ("gzip", "gz")];

/// `None` where the build has no such file.
pub(super) fn serve(path: &str, caching: &'static str, asked: &HeaderMap) -> Option<Response> {
    let (file, coding) = smallest(path, asked)?;
    let tag = tag(&file);
    let known = asked.typed_get::<IfNoneMatch>().is_some_and(|known| !known.precondition_passes(&tag));
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, kind(path))], file.data.into_owned()).into_response()
    };
    let headers = response.headers_mut();
    headers.typed_insert(tag);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(coding) = coding.filter(|_| !known) {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    Some(response)
}

/// The file in a form that the client takes, and the coding of it if any.
fn smallest(path: &str, asked: &HeaderMap) -> Option<(EmbeddedFile, Option<&'static str>)> {
    let coded = |&(coding, ending): &(&'static str, &str)| {
        let file = takes(asked, coding).then(|| Dist::get(&format!("{path}.{ending}"))).flatten();
        file.map(|file| (file, Some(coding)))
    };
    CODINGS.iter().find_map(coded).or_else(|| Dist::get(path).map(|file| (file, None)))
}

/// Whether the client names the coding, and not just to rule it out.
fn takes(asked: &HeaderMap, coding: &str) -> bool {
    let values = asked.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|one| {
        let (name, weight) = one.split_once(';').unwrap_or((one, ""));
        let weight = weight.trim().trim_start_matches("q=").parse::<f32>();
        name.trim().eq_ignore_ascii_case(coding) && weight != Ok(0.0)
    })
}

/// Each form of a file has a tag of its own.
#[expect(clippy::expect_used, reason = "hexadecimal digits between quotes are a tag")]
fn tag(file: &EmbeddedFile) -> ETag {
    let hash: String = file.metadata.sha256_hash().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hash}\"").parse().expect("a tag")
}

fn kind(path: &str) -> &'static str {
    match path.rsplit_once('.') {
        Some((_, "html")) => "text/html; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "webmanifest")) => "application/manifest+json",
        Some((_, "svg")) => "image/svg+xml",
        Some((_, "png")) => "image/png",
        _ => "application/octet-stream",
    }
}
