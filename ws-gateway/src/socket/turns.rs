//! The order of what a socket asks for one after the other, where each step takes its time.

use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

/// A line, from its end.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<Option<oneshot::Receiver<()>>>);

/// A place in the line. Whoever is behind it waits until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    earlier: Option<oneshot::Receiver<()>>,
    _over: oneshot::Sender<()>,
}

impl Turns {
    /// Takes a place at the end of the line.
    pub(super) fn take(&self) -> Turn {
        let (over, later) = oneshot::channel();
        let mut end = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Turn { earlier: end.replace(later), _over: over }
    }
}

impl Turn {
    /// Waits for everybody in front.
    pub(super) async fn come(&mut self) {
        if let Some(earlier) = self.earlier.take() {
            // It only ever closes.
            let _ = earlier.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn a_turn_comes_when_all_earlier_ones_are_over() {
        let turns = Turns::default();
        let [mut first, mut second, mut third] = [turns.take(), turns.take(), turns.take()];
        assert_eq!(third.come().now_or_never(), None);
        assert_eq!(first.come().now_or_never(), Some(()));
        assert_eq!(second.come().now_or_never(), None);
    }
}
