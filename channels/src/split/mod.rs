//! Cutting a long text into parts that each fit a limit, losing nothing: the parts put together are
//! the text.
//!
//! One cutter for every platform: the unit (UTF-16, bytes, length after escaping) and the cost of
//! marks are the ruler's business. What does *not* belong here: what a mark looks like.

mod cut;

#[cfg(test)]
mod tests;

pub(crate) use cut::{Ruler, Weight, split};
