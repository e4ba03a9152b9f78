//! Anthropic's messages.
//!
//! What does *not* belong here: anything that another vendor family does the same way (`wire`).

mod provider;

#[cfg(test)]
mod tests;

pub(crate) use provider::{KIND, check, open};
