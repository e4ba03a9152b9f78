//! The door: everything inbound is stored here before anybody is told that it was taken.
//!
//! This is not an actor: each request runs on its own, and the only thing between them is the
//! store's group commit. What does not belong here: deciding what happens to a row.

mod door;
mod submission;

pub(crate) use door::Door;
