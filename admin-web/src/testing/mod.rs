//! The edges of the HTTP surface in memory, scripted by tests: ingestion and live events, and as
//! much of the stores as their readers here look at. The real implementations have suites of their
//! own; what does not belong here is a second one.

mod backend;
mod configuration;
mod rows;
mod world;

pub(crate) use configuration::api_key;
pub(crate) use configuration::{ADMIN_KEY, CHAT_KEY, OTHER_KEY, READ_KEY, tenant};
pub(crate) use world::{Answer, World, soon};
