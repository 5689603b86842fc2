//! A socket that is gone while it is being let in.

use std::future::ready;

use axum::body::{Body, to_bytes};
use chat_process::Shutdown;
use http::{Method, Request, StatusCode};
use tokio::sync::watch;
use tokio::time::timeout;
use tower::ServiceExt as _;

use super::*;
use crate::token::Token;

/// Lets a client that polls connect to a server of its own: its socket, after it went through `begin`.
pub(crate) async fn connect(begin: impl Fn(&SocketRef) + Clone + Send + Sync + 'static) -> SocketRef {
    let (layer, io) = SocketIo::new_layer();
    let (begun, mut sockets) = mpsc::channel(1);
    io.ns("/", move |socket: SocketRef| {
        begin(&socket);
        begun.try_send(socket).unwrap();
        ready(())
    });
    let router = Router::new().layer(layer);
    let open = poll(&router, Method::GET, "", Body::empty()).await;
    let open: serde_json::Value = serde_json::from_str(open.trim_start_matches('0')).unwrap();
    let sid = format!("&sid={}", open["sid"].as_str().unwrap());
    assert_eq!(poll(&router, Method::POST, &sid, Body::from("40")).await, "ok");
    sockets.recv().await.unwrap()
}

async fn poll(router: &Router, method: Method, sid: &str, body: Body) -> String {
    let uri = format!("/socket.io/?EIO=4&transport=polling{sid}");
    let request = Request::builder().method(method).uri(uri).body(body).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    String::from_utf8(to_bytes(response.into_body(), 10_000).await.unwrap().to_vec()).unwrap()
}

/// What sockets work with, without a core.
fn works() -> Works {
    let (core, token, shutdown) = (Core::lazy("http://127.0.0.1:1").unwrap(), Token::default(), Shutdown::new());
    let (metrics, stopped) = (Arc::new(Metrics::default()), shutdown.token());
    let up = watch::channel(false).0;
    Works {
        core: core.clone(),
        sends: Sends::start(core.clone(), token.clone(), metrics.clone(), stopped.clone(), &shutdown),
        feed: Feed::start(core, token, metrics.clone(), up, stopped, &shutdown),
        metrics,
        workers: TaskTracker::new(),
        stopping: shutdown.token(),
        limited: false,
    }
}

fn session() -> Session {
    let in_an_hour = std::time::SystemTime::now() + Duration::from_secs(3_600);
    let me = v1::GetMeResponse { expires_at: Some(in_an_hour.into()), ..v1::GetMeResponse::default() };
    Session { token: "token".to_owned(), me }
}

#[test]
fn the_golden_file_lists_the_events() {
    let listed: Vec<String> = serde_json::from_str(include_str!("../../golden/events.json")).unwrap();
    assert_eq!(listed, EVENTS);
}

#[tokio::test]
async fn a_socket_that_went_before_its_end_was_listened_for_is_let_go() {
    let works = works();
    let begun = works.clone();
    connect(move |socket| {
        socket.extensions.insert(session());
        socket.clone().disconnect().unwrap();
        begin(&begun, socket, false);
    })
    .await;
    works.workers.close();
    let ended = timeout(Duration::from_secs(2), works.workers.wait()).await;
    assert!(ended.is_ok(), "its task goes on");
    assert_eq!(works.metrics.sockets.get(), 0);
}
