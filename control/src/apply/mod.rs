//! From what a file says and what is stored to one change, and to what is printed.
//!
//! Pure: no store, no clock, no randomness of its own. Running it again over the result of a
//! change finds nothing to do: same ids, no new revision, no audit entry, no new version.
//!
//! The rules: a connection that is missing from the file is disabled, a key that is missing is
//! revoked, a secret that is missing is forgotten; an agent that is missing is kept, because its
//! conversations are. Every agent has at least one connection that our own API can use: where the
//! file has none, `api-<agent>` is made, and once made it stays.

mod agents;
mod applied;
mod connections;
mod draft;
mod keys;
mod plan;

#[cfg(test)]
mod tests;

pub use applied::{Applied, AppliedAgent, AppliedConnection, AppliedKey, AppliedTenant, Outcome};
pub use draft::Means;
pub use plan::{Facts, Planned, plan};
