//! Live events of sessions, within this process: what a growing answer looks like to whoever
//! watches it.
//!
//! Why it remembers: a client that connects while an answer grows must get its beginning, too.
//! Everything here may be lost at any time; the durable rows are the truth, and a client that was
//! cut off reads those. What does *not* belong here: anything that must survive a crash, SQL, and
//! the numbering of events (the publisher's business).

mod fan_out;
mod topic;

#[cfg(test)]
mod tests;

pub use fan_out::LiveFanOut;
pub use topic::{EVENTS_PER_SESSION_MAX, TEXT_PER_SESSION_BYTES_MAX, WATCHER_BACKLOG_MAX};

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
