//! What the vendor families that speak HTTP share: request, events, failures, over genai.
//!
//! A vendor folder contributes a [`Dialect`]; everything that is the same for all of them is here.
//! What does *not* belong here: a vendor's name, and a decision about what to try next.

mod address;
mod dialect;
mod event;
mod failure;
mod provider;
mod quiet;
mod request;
mod retry_after;

#[cfg(test)]
mod tests;

pub(crate) use address::{base_url, join};
pub(crate) use dialect::{Dialect, error_part};
pub(crate) use provider::WireProvider;
