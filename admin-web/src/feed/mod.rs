//! What a client sees of a run or of a session: durable replies joined with live events.
//!
//! Live events make it fast and may be lost; the outbox makes it true. Both feeds subscribe first
//! and read the store second, so nothing falls between the two, and read it again from time to
//! time, so that a lost live event never leaves a client waiting. Watching never starts anything:
//! a reconnect costs reads. What does not belong here: wire formats other than the event itself.

mod durable;
mod event;
mod run;
mod session;

#[cfg(test)]
mod tests;

pub(crate) use durable::{connection_of, session_of, web_message};
pub(crate) use event::{EventFrame, FeedBody, FeedEvent, TokenCounts};
pub(crate) use run::RunFeed;
pub(crate) use session::SessionFeed;
