//! What the turn's work and its actor share: signs of life one way, cancellation the other.

use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::watch;
use tokio::time::Instant;

/// Why a turn is cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CancelReason {
    /// The person said `/stop`.
    Stopped,
    /// The person began afresh: nothing of it is kept.
    Discarded,
    /// A newer message is answered together with this one.
    Interrupted,
    /// It reached its time limit, or gave no sign of life.
    OutOfTime,
}

/// Signs of life and cancellation.
#[derive(Debug)]
pub(crate) struct Progress {
    started: Instant,
    begun: AtomicU64,
    beat: AtomicU64,
    cancel: watch::Sender<Option<CancelReason>>,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let (cancel, _) = watch::channel(None);
        Self { started: Instant::now(), begun: AtomicU64::new(0), beat: AtomicU64::new(0), cancel }
    }

    /// The turn is recorded.
    pub(crate) fn began(&self) {
        self.begun.store(1, Ordering::Relaxed);
        self.beat();
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Relaxed) == 1
    }

    /// Something moved.
    pub(crate) fn beat(&self) {
        let millis = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.beat.store(millis, Ordering::Relaxed);
    }

    pub(crate) fn age(&self) -> std::time::Duration {
        self.started.elapsed()
    }

    pub(crate) fn silent_for(&self) -> std::time::Duration {
        let beat = std::time::Duration::from_millis(self.beat.load(Ordering::Relaxed));
        self.age().saturating_sub(beat)
    }

    /// Cancels; the first reason counts.
    pub(crate) fn cancel(&self, reason: CancelReason) {
        self.cancel.send_if_modified(|current| {
            let first = current.is_none();
            if first {
                *current = Some(reason);
            }
            first
        });
    }

    /// Waits for the cancellation, for ever if there is none.
    pub(crate) async fn wait_cancelled(&self) -> CancelReason {
        let mut watcher = self.cancel.subscribe();
        loop {
            if let Some(reason) = *watcher.borrow_and_update() {
                return reason;
            }
            if watcher.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}
