//! Limits of the fan-out.

use std::time::Duration;

/// Limits of the fan-out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveLimits {
    /// Sessions remembered without a watcher; beyond it the longest silent are forgotten.
    pub sessions_max: usize,
    /// Streams open at once; beyond it a new one ends at once.
    pub watchers_max: usize,
    /// How long a session is remembered after its run ended, without a watcher.
    pub forget_done_after: Duration,
    /// How long a silent session is remembered at all, without a watcher.
    pub forget_silent_after: Duration,
}

impl Default for LiveLimits {
    fn default() -> Self {
        Self {
            sessions_max: 4_096,
            watchers_max: 16_384,
            forget_done_after: Duration::from_secs(15),
            forget_silent_after: Duration::from_mins(10),
        }
    }
}
