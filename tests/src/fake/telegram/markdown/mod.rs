//! `MarkdownV2` as the vendor's server reads it: which texts it refuses, with which words, and which
//! text and entities remain. Entity offsets count UTF-16 units.

mod parse;

pub use parse::{Entity, MarkdownError, parse_markdown};
pub(super) use parse::{MESSAGE_UNITS_MAX, units};

#[cfg(test)]
mod tests;
