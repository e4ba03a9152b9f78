//! The OpenAI-compatible endpoint: `model` is an agent's slug, the client's messages are the
//! history, and OpenAI's own client libraries work unmodified.
//!
//! Behind it is the same durable path as behind everything else: a completion is a run. What does
//! not belong here: talking *to* OpenAI, which is a model provider's business.

mod assembly;
mod collect;
mod complete;
mod models;
mod notice;
mod request;
mod shape;
mod stream;

#[cfg(test)]
mod tests;

pub(crate) use complete::complete;
pub(crate) use models::{list_models, retrieve_model};
