//! Live fan-out to connected clients; all of it may be lost.

use crate::id::SessionId;
use crate::live::{LiveEvent, LiveStream};

/// Live events by session.
pub trait LiveEvents: Send + Sync + std::fmt::Debug {
    /// Shows an event to everybody who watches the session. Never blocks; a slow watcher loses
    /// events and reads the durable ones again.
    fn publish(&self, session: SessionId, event: LiveEvent);

    /// Events of a session after a number: first what is still remembered of the running answer,
    /// then what comes.
    fn subscribe(&self, session: SessionId, after: i64) -> LiveStream;
}
