//! The one real clock, id source and source of randomness.

use ring::rand::{SecureRandom, SystemRandom};
use rookery_control::{RandomError, RandomSource};
use rookery_domain::time::{Clock, IdSource, Timestamp};
use std::time::UNIX_EPOCH;
use uuid::Uuid;

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the Clock that all others take")]
        let now = std::time::SystemTime::now();
        let millis = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
    }
}

/// Ids of version 7 whose counter never goes back within the process, even when the clock does.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemIds;

impl IdSource for SystemIds {
    fn uuid(&self) -> Uuid {
        #[expect(clippy::disallowed_methods, reason = "this is the IdSource that all others take")]
        let id = Uuid::now_v7();
        id
    }
}

/// The operating system's random bytes.
#[derive(Debug, Clone)]
pub struct OsRandom(SystemRandom);

impl Default for OsRandom {
    fn default() -> Self {
        Self(SystemRandom::new())
    }
}

impl RandomSource for OsRandom {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
        self.0.fill(buffer).map_err(|ring::error::Unspecified| RandomError)
    }
}

#[cfg(test)]
mod tests {
    use super::{OsRandom, SystemClock, SystemIds};
    use rookery_control::RandomSource;
    use rookery_domain::time::{Clock, IdSource};

    #[test]
    fn ids_rise_within_the_process_from_every_thread() {
        let made = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| (0..2_000).map(|_| SystemIds.uuid()).collect::<Vec<_>>()))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        assert!(made.iter().all(|ids| ids.is_sorted_by(|left, right| left < right)));
        let distinct: std::collections::BTreeSet<_> = made.iter().flatten().collect();
        assert_eq!(distinct.len(), 8_000);
    }

    #[test]
    fn the_clock_is_past_the_day_this_was_written() {
        assert!(SystemClock.now().as_millis() > 1_760_000_000_000);
    }

    #[test]
    fn random_bytes_differ() {
        let (mut left, mut right) = ([0_u8; 32], [0_u8; 32]);
        OsRandom::default().fill(&mut left).unwrap();
        OsRandom::default().fill(&mut right).unwrap();
        assert_ne!(left, right);
    }
}
