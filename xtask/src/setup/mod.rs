//! What a fresh Debian machine lacks to run the tests, and its installation.
//!
//! The decision is pure ([`plan`]); looking at the machine and running the plan are the shell
//! around it. What does *not* belong here: a Rust toolchain and a linker, without which this
//! program could not have been built; the Makefile looks for those.

pub mod machine;
pub mod need;
pub mod plan;

pub use machine::{install, tell};
pub use need::Purpose;

#[cfg(test)]
mod tests;
