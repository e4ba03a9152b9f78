//! Circuit breakers: a provider that fails again and again is left alone for a while, per key.
//!
//! The decision is pure (`decide.rs`); `circuits.rs` keeps the states. What does *not* belong
//! here: which failures count (the router says), and what is tried instead.

mod circuits;
mod decide;
mod settings;

#[cfg(test)]
mod tests;

pub(crate) use circuits::{CircuitKey, Circuits, KeyOwner, Ticket};
pub use settings::BreakerSettings;
