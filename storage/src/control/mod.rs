//! What the control plane changes: tenants with their agents, connections, keys and secrets.
//!
//! Why one transaction per change: a running tenant never sees half of it, and the audit log says
//! what was changed if and only if it was. What does *not* belong here: deciding what to change
//! (the control plane's use cases), and reading configuration on the path of a message
//! (`directory`).

mod api_keys;
mod configuration;
mod routes;
mod save;
mod store;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;

pub use store::ControlTables;
