//! Judges a history: lost, duplicated, reordered, recovered, unexpected. Pure.

mod judge;

pub use judge::{Allowed, Duplicate, Inversion, Report, check};

#[cfg(test)]
mod tests;
