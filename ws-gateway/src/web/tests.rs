//! What browsers are told about the client's files. The build that is served here is a small one that stands beside.

use axum::body::{Body, to_bytes};
use http::Request;
use tower::ServiceExt as _;

use super::*;

/// What a browser sends when somebody follows a link.
const NAVIGATION: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

async fn ask(method: &str, path: &str, headers: &[(HeaderName, &str)]) -> Response {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    routes().fallback(missing).oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn get(path: &str, headers: &[(HeaderName, &str)]) -> Response {
    ask("GET", path, headers).await
}

async fn body(response: Response) -> String {
    String::from_utf8(to_bytes(response.into_body(), 1_000).await.unwrap().to_vec()).unwrap()
}

fn said<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn every_page_is_the_client_under_a_strict_policy() {
    for path in ["/", "/login", "/rt", "/settings", "/a/lobby", "/b/bob", "/a/two%20words"] {
        let response = get(path, &[]).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(said(&response, "content-type"), "text/html; charset=utf-8");
        assert_eq!(said(&response, "cache-control"), "no-cache");
        assert_eq!(said(&response, "cross-origin-opener-policy"), "same-origin");
        assert!(said(&response, "permissions-policy").contains("camera=()"));
        let policy = said(&response, "content-security-policy").to_owned();
        assert!(policy.contains("default-src 'self';") && policy.contains("connect-src 'self';"), "{policy}");
        for loose in ["unsafe", "*", "http", "ws:", "wss:"] {
            assert!(!policy.contains(loose), "{loose} in {policy}");
        }
        assert!(body(response).await.contains("the page"));
    }
}

#[tokio::test]
async fn what_stands_beside_the_page_has_its_type_and_its_age() {
    let kept = "public, max-age=86400";
    for (path, kind, caching) in [
        ("/sw.js", "text/javascript; charset=utf-8", "no-cache"),
        ("/manifest.webmanifest", "application/manifest+json", "no-cache"),
        ("/favicon.svg", "image/svg+xml", kept),
        ("/icon-192.png", "image/png", kept),
        ("/icon-512.png", "image/png", kept),
        ("/icon-maskable-512.png", "image/png", kept),
        ("/apple-touch-icon.png", "image/png", kept),
        ("/assets/app-1.js", "text/javascript; charset=utf-8", FOREVER),
        ("/assets/app-1.css", "text/css; charset=utf-8", FOREVER),
    ] {
        let response = get(path, &[]).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!((said(&response, "content-type"), said(&response, "cache-control")), (kind, caching), "{path}");
    }
}

#[tokio::test]
async fn what_a_browser_has_is_not_sent_again() {
    let first = get("/login", &[]).await;
    let tag = said(&first, "etag").to_owned();
    for known in [tag.clone(), format!("\"other\", W/{tag}")] {
        let again = get("/login", &[(header::IF_NONE_MATCH, &known)]).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{known}");
        assert_eq!((said(&again, "etag"), said(&again, "vary")), (tag.as_str(), "accept-encoding"));
        assert_eq!(body(again).await, "");
    }
    assert_eq!(get("/login", &[(header::IF_NONE_MATCH, "\"other\"")]).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn the_smallest_form_that_a_browser_takes_is_sent() {
    for (asked, coding, text) in [
        ("gzip, deflate, br, zstd", "br", "a script in brotli\n"),
        ("gzip, deflate", "gzip", "a script in gzip\n"),
        ("GZIP;q=0.5", "gzip", "a script in gzip\n"),
        ("br;q=0, gzip;q=0.0", "", "a script\n"),
        ("brotli", "", "a script\n"),
        ("", "", "a script\n"),
    ] {
        let response = get("/assets/app-1.js", &[(header::ACCEPT_ENCODING, asked)]).await;
        let told = (said(&response, "content-encoding"), said(&response, "vary"), said(&response, "content-type"));
        assert_eq!(told, (coding, "accept-encoding", "text/javascript; charset=utf-8"), "{asked}");
        assert_eq!(body(response).await, text, "{asked}");
    }
    // A form that the build does not have.
    assert_eq!(body(get("/login", &[(header::ACCEPT_ENCODING, "gzip")]).await).await.lines().count(), 1);
}

#[tokio::test]
async fn each_form_has_a_tag_of_its_own() {
    let plain = said(&get("/assets/app-1.js", &[]).await, "etag").to_owned();
    let headers = [(header::ACCEPT_ENCODING, "br"), (header::IF_NONE_MATCH, plain.as_str())];
    assert_eq!(get("/assets/app-1.js", &headers).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_link_that_leads_nowhere_opens_the_page_and_says_404() {
    for path in ["/nowhere", "/a/lobby/more", "/authors", "/settings/more"] {
        let tag = said(&get("/", &[]).await, "etag").to_owned();
        let response = get(path, &[(header::ACCEPT, NAVIGATION), (header::IF_NONE_MATCH, &tag)]).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(said(&response, "content-type"), "text/html; charset=utf-8");
        assert!(said(&response, "content-security-policy").contains("default-src 'self'"));
        let vary: Vec<_> = response.headers().get_all(header::VARY).iter().collect();
        assert_eq!(vary, ["accept-encoding", "accept"]);
        assert!(body(response).await.contains("the page"));
    }
}

#[tokio::test]
async fn whatever_else_is_not_there_is_answered_as_the_api_does() {
    for (method, path, accept) in [
        ("GET", "/nowhere", "*/*"),
        ("GET", "/nowhere", "application/json"),
        ("GET", "/nowhere", "text/htmlish"),
        ("POST", "/nowhere", NAVIGATION),
        ("GET", "/social/nowhere", NAVIGATION),
        ("GET", "/auth", NAVIGATION),
        ("GET", "/files/1/more", NAVIGATION),
        ("GET", "/socket.io/nowhere", NAVIGATION),
        ("GET", "/assets/none.js", NAVIGATION),
        ("GET", "/assets/../index.html", NAVIGATION),
        ("GET", "/assets/%2e%2e/index.html", NAVIGATION),
    ] {
        let response = ask(method, path, &[(header::ACCEPT, accept)]).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{method} {path} {accept}");
        assert_eq!(said(&response, "content-type"), "application/problem+json", "{method} {path} {accept}");
    }
}
