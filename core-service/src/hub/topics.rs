//! The feeds that somebody follows, by topic. A topic nobody follows costs nothing.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use super::feed::{Cursor, Feed};

/// Feeds by topic.
#[derive(Debug)]
pub(super) struct Topics<K, E>(Arc<Shelf<K, E>>);

/// Where live feeds stand; cursors put theirs back when they are done.
#[derive(Debug)]
pub(super) struct Shelf<K, E>(Mutex<HashMap<K, Followed<E>>>);

/// A feed with the number of its cursors.
#[derive(Debug)]
struct Followed<E> {
    feed: Arc<Feed<E>>,
    cursors: usize,
}

impl<K, E> Default for Topics<K, E> {
    fn default() -> Self {
        Self(Arc::new(Shelf(Mutex::new(HashMap::new()))))
    }
}

impl<K: Clone + Eq + Hash, E: Clone> Topics<K, E> {
    pub(super) fn watch(&self, key: &K) -> Cursor<K, E> {
        let mut feeds = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Followed { feed: Arc::new(Feed::new()), cursors: 0 };
        let followed = feeds.entry(key.clone()).or_insert_with(new);
        followed.cursors += 1;
        Cursor::new(key.clone(), self.0.clone(), followed.feed.clone())
    }

    pub(super) fn is_followed(&self, key: &K) -> bool {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).contains_key(key)
    }

    pub(super) fn publish(&self, key: &K, event: E) {
        let feeds = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(followed) = feeds.get(key) {
            followed.feed.push(event);
        }
    }
}

impl<K: Eq + Hash, E> Shelf<K, E> {
    /// A cursor is going. The feed goes with its last one.
    pub(super) fn put_back(&self, key: &K) {
        let mut feeds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(followed) = feeds.get_mut(key) {
            followed.cursors -= 1;
            if followed.cursors == 0 {
                feeds.remove(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_lives_as_long_as_its_cursors() {
        let topics = Topics::<&str, ()>::default();
        let (first, second) = (topics.watch(&"r"), topics.watch(&"r"));
        drop(first);
        assert_eq!(topics.0.0.lock().unwrap().len(), 1);
        drop(second);
        assert_eq!(topics.0.0.lock().unwrap().len(), 0);
    }
}
