//! What every request and every response has in common: request ids, bounded bodies, problem
//! documents, security headers, counts and latencies.
//!
//! Handlers return a [`Problem`]; only the layer in [`respond`] turns it into bytes, in the shape
//! that the caller's protocol expects. What does not belong here: who the caller is (`auth`).

mod acknowledged;
mod body;
mod idempotency;
mod json;
mod problem;
mod render;
mod request_id;
mod respond;

#[cfg(test)]
mod tests;

pub(crate) use acknowledged::acknowledged;
pub(crate) use body::read_body;
pub(crate) use idempotency::IdempotencyKey;
pub(crate) use json::{ApiJson, parse_json, require_json};
pub(crate) use problem::Problem;
pub(crate) use render::openai_error;
pub(crate) use respond::respond;
