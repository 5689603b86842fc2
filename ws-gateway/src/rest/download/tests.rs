//! Which bytes a request gets, and with what headers.

use axum::body::to_bytes;

use super::super::fake_core::{FakeCore, content};
use super::*;

async fn get(core: &Core, method: Method, headers: &[(header::HeaderName, &str)]) -> (StatusCode, HeaderMap, Vec<u8>) {
    let caller = Caller { token: "token".into() };
    let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
    let answered = file(State(core.clone()), caller, Segment("id".into()), method, headers).await.unwrap();
    let (parts, body) = answered.into_parts();
    (parts.status, parts.headers, to_bytes(body, usize::MAX).await.unwrap().into())
}

#[tokio::test]
async fn a_file_comes_whole_in_part_or_not_at_all() {
    let core = FakeCore::start(0).await.core;
    let tag = format!("\"{}\"", "ab".repeat(32));

    let (status, headers, bytes) = get(&core, Method::GET, &[]).await;
    assert_eq!((status, bytes), (StatusCode::OK, content()));
    assert_eq!(headers[header::CONTENT_LENGTH], "200000");
    assert_eq!(headers[header::ETAG], tag.as_str());
    assert_eq!(headers[header::CONTENT_TYPE], "text/plain; charset=utf-8");
    assert_eq!(headers[header::CACHE_CONTROL], "private, no-cache");

    let (status, headers, bytes) = get(&core, Method::GET, &[(header::RANGE, "bytes=65530-150000")]).await;
    assert_eq!((status, bytes), (StatusCode::PARTIAL_CONTENT, content()[65_530..=150_000].to_vec()));
    assert_eq!(headers[header::CONTENT_RANGE], "bytes 65530-150000/200000");
    assert_eq!(headers[header::CONTENT_LENGTH], "84471");

    let (status, headers, _) = get(&core, Method::GET, &[(header::RANGE, "bytes=200000-")]).await;
    assert_eq!(
        (status, &headers[header::CONTENT_RANGE]),
        (StatusCode::RANGE_NOT_SATISFIABLE, &"bytes */200000".parse().unwrap())
    );
    assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json");

    for known in [tag.as_str(), "*", &format!("\"x\", W/{tag}")] {
        let (status, _, bytes) = get(&core, Method::GET, &[(header::IF_NONE_MATCH, known)]).await;
        assert_eq!((status, bytes.len()), (StatusCode::NOT_MODIFIED, 0), "{known}");
    }
}

fn asked(headers: &[(header::HeaderName, &str)]) -> Wanted {
    let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
    wanted(&Method::GET, &headers, &"\"abc\"".parse().unwrap(), 100)
}

#[test]
fn one_range_is_served_and_what_makes_no_sense_is_ignored() {
    for (range, wanted) in [
        ("bytes=0-0", Wanted::Part(0..1)),
        ("bytes=10-", Wanted::Part(10..100)),
        ("bytes=90-900", Wanted::Part(90..100)),
        ("bytes=-30", Wanted::Part(70..100)),
        ("bytes=-300", Wanted::Part(0..100)),
        ("bytes=-0", Wanted::Nothing),
        ("bytes=100-", Wanted::Nothing),
        ("bytes=200-300", Wanted::Nothing),
        ("bytes=20-10", Wanted::Whole),
        ("bytes=0-1,5-6", Wanted::Whole),
        ("bytes=x-", Wanted::Whole),
        ("lines=1-2", Wanted::Whole),
        ("", Wanted::Whole),
    ] {
        assert_eq!(asked(&[(header::RANGE, range)]), wanted, "{range}");
    }
    let head = HeaderMap::from_iter([(header::RANGE, "bytes=0-0".parse().unwrap())]);
    assert_eq!(wanted(&Method::HEAD, &head, &"\"abc\"".parse().unwrap(), 100), Wanted::Whole);
    let any = HeaderMap::from_iter([(header::RANGE, "bytes=0-".parse().unwrap())]);
    assert_eq!(wanted(&Method::GET, &any, &"\"abc\"".parse().unwrap(), 0), Wanted::Nothing);
}

#[test]
fn a_range_of_another_content_is_ignored() {
    for (known, wanted) in [
        ("\"abc\"", Wanted::Part(0..1)),
        ("W/\"abc\"", Wanted::Whole),
        ("\"other\"", Wanted::Whole),
        ("Sun, 22 Nov 2026 09:30:15 GMT", Wanted::Whole),
        ("nonsense", Wanted::Whole),
    ] {
        assert_eq!(asked(&[(header::RANGE, "bytes=0-0"), (header::IF_RANGE, known)]), wanted, "{known}");
    }
}
