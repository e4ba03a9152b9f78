//! The node's clock: looks for tenants with work, and lets every overseer look at its deadlines.
//!
//! What does not belong here: deciding anything.

mod actor;

pub(crate) use actor::{ClockActor, ClockHandle};
