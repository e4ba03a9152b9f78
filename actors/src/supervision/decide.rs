//! Restart windows and back-off.

use std::collections::VecDeque;
use std::time::Duration;

/// How often a child may come back, and how fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestartPolicy {
    /// First wait; doubles with every crash.
    pub backoff: Duration,
    /// Longest wait.
    pub backoff_max: Duration,
    /// Without a crash for this long, the waits start over.
    pub healthy_after: Duration,
    /// More crashes than this within the window park the child.
    pub crashes_max: usize,
    /// The window.
    pub window: Duration,
    /// How long a parked child stays away.
    pub parked_for: Duration,
}

impl Default for RestartPolicy {
    fn default() -> Self {
        Self {
            backoff: Duration::from_millis(100),
            backoff_max: Duration::from_secs(60),
            healthy_after: Duration::from_secs(300),
            crashes_max: 5,
            window: Duration::from_secs(60),
            parked_for: Duration::from_secs(300),
        }
    }
}

/// What becomes of a crashed child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RestartVerdict {
    /// It comes back within this time; the shell draws the wait from it at random.
    Restart {
        /// The longest wait.
        within: Duration,
    },
    /// It stays away this long, and an operator is told.
    Park {
        /// How long.
        for_duration: Duration,
    },
}

/// The crashes of one child, in time since an arbitrary origin.
#[derive(Debug, Clone, Default)]
pub(crate) struct RestartHistory {
    crashes: VecDeque<Duration>,
    consecutive: u32,
}

impl RestartHistory {
    /// Counts a crash at `now` and says what to do.
    pub(crate) fn crashed(&mut self, policy: &RestartPolicy, now: Duration) -> RestartVerdict {
        let healthy = self
            .crashes
            .back()
            .is_none_or(|last| now.saturating_sub(*last) >= policy.healthy_after);
        self.consecutive = if healthy { 0 } else { self.consecutive.saturating_add(1) };
        self.crashes.push_back(now);
        while self.crashes.front().is_some_and(|first| now.saturating_sub(*first) > policy.window) {
            self.crashes.pop_front();
        }
        if self.crashes.len() > policy.crashes_max {
            self.crashes.clear();
            self.consecutive = 0;
            return RestartVerdict::Park { for_duration: policy.parked_for };
        }
        let factor = 1_u32.checked_shl(self.consecutive.min(20)).unwrap_or(u32::MAX);
        let within = policy.backoff.saturating_mul(factor).min(policy.backoff_max);
        RestartVerdict::Restart { within }
    }
}
