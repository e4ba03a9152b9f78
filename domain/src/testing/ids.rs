//! Ids that count up, so that a test's output is the same every time.

use crate::time::IdSource;
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::Uuid;

/// Ids 1, 2, 3 … in the form of `UUIDv7`.
#[derive(Debug, Default)]
pub struct SequentialIds(AtomicU64);

impl IdSource for SequentialIds {
    fn uuid(&self) -> Uuid {
        let count = u128::from(self.0.fetch_add(1, Ordering::SeqCst) + 1);
        Uuid::from_u128((count << 80) | (7 << 76) | (2 << 62))
    }
}
