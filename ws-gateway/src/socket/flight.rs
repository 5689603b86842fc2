//! What a socket's events came to and has no answer yet. Sends wait for their place in the line to the core one after
//! the other, which keeps their order; everything else goes on meanwhile.

use std::collections::VecDeque;

use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt as _};

/// Answers that wait for the core at most.
const LIMIT: usize = 1_024;

/// An answer under way.
pub(super) type Answering<T> = BoxFuture<'static, T>;

/// The answers under way, and the sends that wait for their place; only the first of these asks for one.
pub(super) struct Flight<T> {
    answering: FuturesUnordered<Answering<T>>,
    placing: VecDeque<BoxFuture<'static, Answering<T>>>,
}

impl<T> Flight<T> {
    pub(super) fn new() -> Self {
        Self { answering: FuturesUnordered::new(), placing: VecDeque::new() }
    }

    /// Whether another event may begin.
    pub(super) fn has_room(&self) -> bool {
        self.answering.len() + self.placing.len() < LIMIT
    }

    /// Takes an answer up.
    pub(super) fn push(&mut self, answering: Answering<T>) {
        self.answering.push(answering);
    }

    /// Takes a send up that has to find its place, behind those that came earlier.
    pub(super) fn place(&mut self, placing: BoxFuture<'static, Answering<T>>) {
        self.placing.push_back(placing);
    }

    /// The next answer; `None` where nothing is under way. Dropped before it is ready, it loses nothing.
    pub(super) async fn next(&mut self) -> Option<T> {
        loop {
            tokio::select! {
                Some(answering) = placed(&mut self.placing) => self.answering.push(answering),
                Some(answer) = self.answering.next() => return Some(answer),
                else => return None,
            }
        }
    }
}

async fn placed<T>(placing: &mut VecDeque<BoxFuture<'static, Answering<T>>>) -> Option<Answering<T>> {
    let answering = placing.front_mut()?.await;
    placing.pop_front();
    Some(answering)
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use tokio::sync::oneshot;

    use super::*;

    fn placing(free: oneshot::Receiver<()>, name: &'static str) -> BoxFuture<'static, Answering<&'static str>> {
        free.map(move |_| async move { name }.boxed()).boxed()
    }

    #[test]
    fn sends_find_their_places_in_order_and_hold_nothing_else_up() {
        let mut flight = Flight::new();
        let ((first, one), (second, two)) = (oneshot::channel(), oneshot::channel());
        assert_eq!(flight.next().now_or_never(), Some(None));
        flight.place(placing(one, "first"));
        flight.place(placing(two, "second"));
        flight.push(async { "a join" }.boxed());
        assert_eq!(flight.next().now_or_never(), Some(Some("a join")));
        second.send(()).unwrap();
        assert_eq!(flight.next().now_or_never(), None, "it is not the second's turn");
        first.send(()).unwrap();
        assert_eq!(flight.next().now_or_never(), Some(Some("first")));
        assert_eq!(flight.next().now_or_never(), Some(Some("second")));
        assert_eq!(flight.next().now_or_never(), Some(None));
    }

    #[test]
    fn there_is_room_for_so_many() {
        let mut flight = Flight::<()>::new();
        for _ in 0..LIMIT / 2 {
            assert!(flight.has_room());
            flight.push(std::future::pending().boxed());
            flight.place(std::future::pending().boxed());
        }
        assert!(!flight.has_room());
    }
}
