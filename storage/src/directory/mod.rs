//! Configuration as the running system reads it: tenants, agents, connections and keys, cached.
//!
//! Why a cache: every inbound message asks for its connection, tenant and agent, and the database
//! should see that question once in a few seconds, not once a message. What was changed here is
//! forgotten at once ([`CachedDirectory::invalidate`]); what another process changed is seen when
//! the time limit has passed. What does *not* belong here: changing configuration (`control`),
//! secrets (`vault`), and anything on the path of a message that must be current.

mod cache;
mod cached;
mod rows;
mod snapshot;
mod without_tenant;

#[cfg(test)]
mod tests;

pub use cached::{CachedDirectory, DirectorySettings};
pub(crate) use rows::{to_api_key, to_json};
pub(crate) use snapshot::read_tenant;
pub(crate) use without_tenant::{RouteKind, tenant_page};
