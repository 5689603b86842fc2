//! One feed: a bounded tail of events, numbered by offset, and the cursors that read it.

use std::collections::VecDeque;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::topics::Shelf;

/// How many events a feed keeps for cursors that are not at its head.
const TAIL: usize = 256;

/// The latest events of one topic.
#[derive(Debug)]
pub(super) struct Feed<E> {
    tail: Mutex<VecDeque<E>>,
    /// The offset that the next event will get.
    head: watch::Sender<u64>,
}

/// A subscriber's place in a feed. The feed goes when its last cursor does.
pub struct Cursor<K: Eq + Hash, E> {
    key: K,
    shelf: Arc<Shelf<K, E>>,
    feed: Arc<Feed<E>>,
    head: watch::Receiver<u64>,
    next: u64,
}

/// The cursor fell behind the tail: what it lacks is in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("fell behind the live tail")]
pub struct Lagged;

impl<E: Clone> Feed<E> {
    pub(super) fn new() -> Self {
        Self { tail: Mutex::new(VecDeque::new()), head: watch::Sender::new(0) }
    }

    pub(super) fn push(&self, event: E) {
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        if tail.len() == TAIL {
            tail.pop_front();
        }
        tail.push_back(event);
        // Moved under the lock, so that whoever sees the new head finds the event in the tail.
        self.head.send_modify(|head| *head += 1);
    }

    fn get(&self, offset: u64) -> Result<Option<E>, Lagged> {
        let tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        let head = *self.head.borrow();
        let behind = usize::try_from(head - offset).map_err(|_| Lagged)?;
        match tail.len().checked_sub(behind) {
            Some(index) => Ok(tail.get(index).cloned()),
            None => Err(Lagged),
        }
    }
}

impl<K: Eq + Hash, E: Clone> Cursor<K, E> {
    pub(super) fn new(key: K, shelf: Arc<Shelf<K, E>>, feed: Arc<Feed<E>>) -> Self {
        let head = feed.head.subscribe();
        let next = *head.borrow();
        Self { key, shelf, feed, head, next }
    }

    /// The next event, as soon as there is one. Cancel-safe. Errors: [`Lagged`], and from then on always.
    pub async fn next(&mut self) -> Result<E, Lagged> {
        loop {
            if let Some(event) = self.feed.get(self.next)? {
                self.next += 1;
                return Ok(event);
            }
            let next = self.next;
            // The sender lives in the feed that this cursor holds, so that waiting cannot fail.
            let _ = self.head.wait_for(|head| *head > next).await;
        }
    }
}

impl<K: Eq + Hash, E> Drop for Cursor<K, E> {
    fn drop(&mut self) {
        self.shelf.put_back(&self.key);
    }
}

impl<K: Eq + Hash + fmt::Debug, E> fmt::Debug for Cursor<K, E> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Cursor").field("key", &self.key).field("next", &self.next).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::topics::Topics;
    use super::*;

    #[tokio::test]
    async fn a_cursor_sees_each_event_once_in_order_from_where_it_began() {
        let topics = Topics::<&str, usize>::default();
        topics.publish(&"r", 0);
        let mut early = topics.watch(&"r");
        topics.publish(&"r", 1);
        let mut late = topics.watch(&"r");
        topics.publish(&"r", 2);
        assert_eq!((early.next().await, early.next().await), (Ok(1), Ok(2)));
        assert_eq!(late.next().await, Ok(2));
    }

    #[tokio::test]
    async fn a_cursor_behind_the_tail_is_told() {
        let topics = Topics::<&str, usize>::default();
        let mut slow = topics.watch(&"r");
        for event in 0..TAIL {
            topics.publish(&"r", event);
        }
        assert_eq!(slow.next().await, Ok(0));
        topics.publish(&"r", TAIL);
        assert_eq!(slow.next().await, Ok(1));
        topics.publish(&"r", TAIL + 1);
        topics.publish(&"r", TAIL + 2);
        assert_eq!((slow.next().await, slow.next().await), (Err(Lagged), Err(Lagged)));
    }

    #[tokio::test]
    async fn a_waiting_cursor_wakes() {
        let topics = Arc::new(Topics::<&str, usize>::default());
        let mut cursor = topics.watch(&"r");
        let publisher = topics.clone();
        let (event, ()) = tokio::join!(cursor.next(), async move { publisher.publish(&"r", 7) });
        assert_eq!(event, Ok(7));
    }
}
