//! Which bytes a request gets.

use super::*;

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
