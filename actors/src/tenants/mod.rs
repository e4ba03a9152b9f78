//! The node's tenants: one overseer each, started when there is work, restarted when it crashes,
//! parked when it crashes in a loop, and let go when it is idle.
//!
//! What does not belong here: anything about a single message, session or turn.

mod actor;
mod decide;
mod handle;
mod message;
mod state;

pub(crate) use actor::{Tenants, TenantsArguments};
pub(crate) use handle::TenantsHandle;
pub(crate) use message::Arrival;

#[cfg(test)]
mod tests;
