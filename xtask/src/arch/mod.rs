//! The shape of the workspace: a star around `domain`, and libraries confined to the crate whose
//! business they are.
//!
//! What does *not* belong here: rules about text alone; those are in [`crate::tidy`].

pub mod confinement;
pub mod star;
pub mod unused;

mod check;

pub use check::check;

#[cfg(test)]
mod tests;
