//! `OpenAI` and every server that speaks its chat completions.
//!
//! What does *not* belong here: anything that another vendor family does the same way (`wire`).

mod provider;

#[cfg(test)]
mod tests;

pub(crate) use provider::{KIND, check, open};
