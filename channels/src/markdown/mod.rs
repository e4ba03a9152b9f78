//! CommonMark read once into text with styles, the form from which every platform's own dialect is
//! written and in which a long reply is cut.
//!
//! Why styled text and not a tree: a cut can then fall anywhere, and every part is written with its
//! own balanced marks, so that a code fence is closed and opened again by construction.
//!
//! What does *not* belong here: a platform's dialect, its escapes or its limits.

mod link;
mod neutralise;
mod read;
mod styled;
mod table;

#[cfg(test)]
mod tests;

pub(crate) use read::read;
pub(crate) use styled::{CodeStyle, Style, StyledText};
