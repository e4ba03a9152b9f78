//! Waits that differ from call to call, so that many callers do not come back at once.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The step of the `SplitMix64` generator.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// A source of jitter: good enough to spread waits, no good for secrets.
#[derive(Debug)]
pub(super) struct Jitter(AtomicU64);

impl Jitter {
    pub(super) fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// Between half of the wait and all of it.
    pub(super) fn spread(&self, wait: Duration) -> Duration {
        let mut value = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let thousandths = u32::try_from((value ^ (value >> 31)) % 501).unwrap_or(0);
        wait / 1000 * (500 + thousandths)
    }
}

#[cfg(test)]
mod tests {
    use super::Jitter;
    use std::collections::BTreeSet;
    use std::time::Duration;

    #[test]
    fn a_wait_is_spread_over_its_upper_half() {
        let jitter = Jitter::new(7);
        let wait = Duration::from_secs(1);
        let waits: BTreeSet<Duration> = (0..1000).map(|_| jitter.spread(wait)).collect();
        assert!(waits.iter().all(|spread| (wait / 2..=wait).contains(spread)));
        assert!(waits.len() > 300, "{} different waits", waits.len());
    }
}
