//! Rate limits of a platform: waiting before a call, and standing still after a flood answer.
//!
//! Memory is bounded: what is known of a conversation is forgotten once it no longer matters.
//! What does *not* belong here: which limits a platform has, and retries.

mod clock;
mod limiter;

#[cfg(test)]
mod tests;

pub(crate) use limiter::{Allowance, Pace, PaceLimits};
