//! House rules about text: sizes, names, words, comments and documents.
//!
//! Each module is one rule over the [`tree::Tree`] of text files; [`source`] tells code, strings
//! and comments apart without a full parser. What does *not* belong here: what the compiler,
//! clippy or rustfmt check already, and anything read from cargo metadata ([`crate::arch`]).

pub mod architecture;
pub mod configuration;
pub mod decisions;
pub mod links;
pub mod modules;
pub mod reference;
pub mod sizes;
pub mod source;
pub mod tree;
pub mod vendors;
pub mod wiring;
pub mod words;

mod check;

pub use check::check;

#[cfg(test)]
mod tests;
