//! When a crashed child comes back, and when it stays away. Pure; the shells do the waiting.

mod decide;

pub use decide::RestartPolicy;
pub(crate) use decide::{RestartHistory, RestartVerdict};

#[cfg(test)]
mod tests;
