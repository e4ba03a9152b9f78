//! One tenant's supervisor: it owns the tenant while it lives, decides what happens to each inbound
//! row, starts a subagent per turn and hands replies to the channel actors.
//!
//! Its memory is a view of the store: rows without an outcome, running turns, counters. Whatever is
//! written leaves the mailbox and comes back as a message, so that one slow write holds nobody up.
//! What does not belong here: talking to models, tools or platforms.

mod actor;
mod channels;
mod crash;
mod deadlines;
mod decide;
mod handle;
mod intake;
mod message;
mod moved;
pub(crate) mod place;
mod quota;
mod recover;
mod session;
mod settle;
mod state;
mod turns;

pub(crate) use actor::{Overseer, OverseerArguments};
pub(crate) use decide::own_messages;
pub(crate) use handle::OverseerHandle;
pub(crate) use session::SessionCounter;
pub(crate) use settle::user_message;

#[cfg(test)]
mod tests;
