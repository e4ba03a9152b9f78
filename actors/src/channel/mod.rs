//! All delivery of one connection, and its socket or polling where the platform needs one.
//!
//! Rows of one session go out one after the other; sessions do not wait for each other. A row's
//! state in the store never claims more than is known: `sending` is written before the call, and
//! what a call without an answer means is decided by the platform's abilities and the agent's policy.
//! What does not belong here: rendering and the platform's protocol (the adapter's).

mod actor;
mod attempt;
mod decide;
mod handle;
mod link;
mod message;
mod state;

pub(crate) use actor::{ChannelActor, ChannelArguments};
pub(crate) use handle::ChannelHandle;

#[cfg(test)]
mod tests;
