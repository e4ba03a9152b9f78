//! When what happened in which conversation.

use anyhow::Context as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// The moments of a conversation's newest turn, since the board was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moments {
    /// The model was asked.
    pub asked: Duration,
    /// The model's first words left.
    pub first_words: Duration,
    /// The model's answer was complete.
    pub answered: Duration,
    /// The platform was called.
    pub called: Duration,
}

#[derive(Debug, Default)]
struct Slot {
    asked: AtomicU64,
    first_words: AtomicU64,
    answered: AtomicU64,
    called: AtomicU64,
    calls: AtomicU64,
    call: Notify,
}

/// The moments of all conversations.
#[derive(Debug)]
pub struct Board {
    began: Instant,
    slots: Vec<Slot>,
    calls: AtomicU64,
}

impl Board {
    pub(super) fn new(conversations: usize) -> Self {
        Self {
            began: Instant::now(),
            slots: (0..conversations).map(|_| Slot::default()).collect(),
            calls: AtomicU64::new(0),
        }
    }

    /// Now, on the board's clock.
    pub fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Messages that the platform took, in all conversations.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Acquire)
    }

    /// Messages that the platform took in one conversation.
    pub fn calls_of(&self, conversation: usize) -> u64 {
        self.slots.get(conversation).map_or(0, |slot| slot.calls.load(Ordering::Acquire))
    }

    /// Waits until the platform took more than `before` messages in a conversation.
    pub async fn wait_for_call(
        &self,
        conversation: usize,
        before: u64,
        limit: Duration,
    ) -> anyhow::Result<Moments> {
        let slot = self.slots.get(conversation).context("no such conversation")?;
        let taken = async {
            while slot.calls.load(Ordering::Acquire) <= before {
                slot.call.notified().await;
            }
        };
        tokio::time::timeout(limit, taken)
            .await
            .with_context(|| format!("no reply in conversation {conversation} within {limit:?}"))?;
        Ok(self.moments(conversation))
    }

    /// The moments of a conversation's newest turn.
    pub fn moments(&self, conversation: usize) -> Moments {
        let read = |moment: &AtomicU64| Duration::from_nanos(moment.load(Ordering::Acquire));
        self.slots.get(conversation).map_or_else(Moments::default, |slot| Moments {
            asked: read(&slot.asked),
            first_words: read(&slot.first_words),
            answered: read(&slot.answered),
            called: read(&slot.called),
        })
    }

    pub(super) fn asked(&self, conversation: usize) {
        self.stamp(conversation, |slot| &slot.asked);
    }

    pub(super) fn first_words(&self, conversation: usize) {
        self.stamp(conversation, |slot| &slot.first_words);
    }

    pub(super) fn answered(&self, conversation: usize) {
        self.stamp(conversation, |slot| &slot.answered);
    }

    pub(super) fn called(&self, conversation: usize) {
        self.stamp(conversation, |slot| &slot.called);
        self.calls.fetch_add(1, Ordering::AcqRel);
        if let Some(slot) = self.slots.get(conversation) {
            slot.calls.fetch_add(1, Ordering::AcqRel);
            // One waiter per conversation; a permit is kept for it if it does not wait yet.
            slot.call.notify_one();
        }
    }

    fn stamp(&self, conversation: usize, moment: impl Fn(&Slot) -> &AtomicU64) {
        if let Some(slot) = self.slots.get(conversation) {
            let nanos = u64::try_from(self.now().as_nanos()).unwrap_or(u64::MAX);
            moment(slot).store(nanos, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Board;
    use std::time::Duration;

    #[tokio::test]
    async fn a_call_that_came_before_the_wait_is_not_missed() {
        let board = Board::new(2);
        board.asked(1);
        board.called(1);
        let moments = board.wait_for_call(1, 0, Duration::from_secs(1)).await.unwrap();
        assert!(moments.asked <= moments.called);
        assert_eq!((board.calls(), board.calls_of(0), board.calls_of(1)), (1, 0, 1));
        assert!(board.wait_for_call(1, 1, Duration::from_millis(1)).await.is_err());
    }
}
