//! A session's counter: one number for messages and outbox rows, and the live numbers between them.

use rookery_domain::id::{SessionId, TenantId};
use rookery_domain::live::durable_seq;
use rookery_domain::ownership::Epoch;
use rookery_domain::ports::{StoreError, Turns};
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::sync::{Mutex, MutexGuard, OnceCell};

/// Live numbers of one epoch begin at a multiple of this, so that a resumed answer's parts are not
/// taken for parts that a client has seen.
const LIVE_NUMBERS_PER_EPOCH: i64 = 1 << 14;
/// Epochs told apart by their live numbers.
const LIVE_EPOCHS: i64 = 32;

/// Shared by whoever writes for the session; read from the store once, then only counted up. The
/// tenant has one owner and the session's numbers are given out by it alone.
#[derive(Debug)]
pub(crate) struct SessionCounter {
    loaded: OnceCell<()>,
    last: AtomicI64,
    durable: AtomicI64,
    live: AtomicI64,
    writing: Mutex<()>,
}

impl SessionCounter {
    pub(crate) fn new(epoch: Epoch) -> Self {
        let first_live = epoch.0.rem_euclid(LIVE_EPOCHS) * LIVE_NUMBERS_PER_EPOCH;
        Self {
            loaded: OnceCell::new(),
            last: AtomicI64::new(0),
            durable: AtomicI64::new(0),
            live: AtomicI64::new(first_live + 1),
            writing: Mutex::new(()),
        }
    }

    /// Reads the stored counter, once.
    pub(crate) async fn load(
        &self,
        turns: &dyn Turns,
        tenant: TenantId,
        session: SessionId,
    ) -> Result<(), StoreError> {
        self.loaded
            .get_or_try_init(|| async {
                let stored = turns.session(tenant, session).await?;
                let last = stored.map_or(0, |session| session.last_seq);
                self.last.fetch_max(last, Ordering::SeqCst);
                self.durable.fetch_max(last, Ordering::SeqCst);
                Ok(())
            })
            .await
            .copied()
    }

    /// Held from the first number of a write until it is shown, so that what a session's watchers
    /// and its transcript see is in the order of its numbers.
    pub(crate) async fn writer(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().await
    }

    /// The next number.
    pub(crate) fn next(&self) -> i64 {
        self.last.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// The highest number given out.
    pub(crate) fn last(&self) -> i64 {
        self.last.load(Ordering::SeqCst)
    }

    /// The next live number.
    pub(crate) fn next_live(&self) -> i64 {
        let live = self.live.fetch_add(1, Ordering::SeqCst);
        durable_seq(self.durable.load(Ordering::SeqCst)) + live
    }

    /// The live number of a durable outbox row; later live numbers come after it.
    pub(crate) fn became_durable(&self, seq: i64) -> i64 {
        self.durable.fetch_max(seq, Ordering::SeqCst);
        durable_seq(seq)
    }
}
