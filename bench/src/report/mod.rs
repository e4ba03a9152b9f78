//! What was measured, as data, as a table and as JSON.
//!
//! A figure judges itself: value or ratio against its promise. What does *not* belong here: how
//! anything is measured.

mod figure;
mod table;
#[cfg(test)]
mod tests;

pub use figure::{Figure, Judged, Promise, Report};
