//! The kill suite: conversations go on over a fake platform and over our own API while the process
//! is killed, at named points and at random moments, and started again; then the history is judged.
//!
//! What does *not* belong here: the verdicts (they are the checker's) and the kill points
//! themselves (they are the domain's).

mod evidence;
mod marker;
mod options;
mod suite;
mod talk;

pub use options::Options;
pub use suite::{Outcome, run};
