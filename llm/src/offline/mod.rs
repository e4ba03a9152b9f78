//! The model that needs no network and no key: rules that say openly that they are rules.
//!
//! It exists so that everything around a model can be tried on a fresh machine: streaming, tools,
//! the journal. What does *not* belong here: any attempt to sound like a real model.

mod ask;
mod provider;
mod reply;

#[cfg(test)]
mod tests;

pub use provider::{KIND, MODEL};
pub(crate) use provider::{check, open};
