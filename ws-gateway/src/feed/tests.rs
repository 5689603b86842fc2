//! The feed's way to a socket that is gone without having said so.

use super::*;
use crate::socket::tests::connect;

#[tokio::test]
async fn a_socket_that_is_found_closed_is_closed_here_and_forgotten() {
    let socket = connect(|_| {}).await;
    let mut actor = Actor {
        state: State::default(),
        outlets: HashMap::new(),
        joins: Joins::default(),
        departures: Departures::default(),
        subscription: Subscription::new(Core::lazy("http://127.0.0.1:1").unwrap(), Token::default()),
        metrics: Arc::default(),
        up: watch::channel(false).0,
        held_back: None,
    };
    let (id, close) = (socket.id, CancellationToken::new());
    actor.obey(Command::Connected(Outlet {
        socket: socket.clone(),
        user: "alice".to_owned(),
        session: "s".to_owned(),
        legacy: false,
        close: close.clone(),
        doubt: Arc::default(),
    }));
    actor.emit(&[id], "ping", &1);
    assert!(!close.is_cancelled() && actor.outlets.contains_key(&id));
    socket.disconnect().unwrap();
    actor.emit(&[id], "ping", &2);
    assert!(close.is_cancelled() && actor.outlets.is_empty());
}
