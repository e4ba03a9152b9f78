//! Live events of sessions, within this process: what a growing answer looks like to whoever
//! watches it.
//!
//! Why it remembers: a client that connects while an answer grows must get its beginning, too.
//! Everything here may be lost at any time; the durable rows are the truth, and a client that was
//! cut off reads those. What does *not* belong here: anything that must survive a crash, SQL, and
//! the numbering of events (the publisher's business).

mod fan_out;
mod limits;
mod topic;

#[cfg(test)]
mod tests;

pub use fan_out::LiveFanOut;
pub use limits::LiveLimits;
pub use topic::{EVENTS_PER_SESSION_MAX, TEXT_PER_SESSION_BYTES_MAX, WATCHER_BACKLOG_MAX};
