//! One entity per table, for PostgreSQL and SQLite alike.
//!
//! Ids are UUIDs, times are milliseconds since the epoch, JSON is text. Every entity of a tenant
//! is reached through [`crate::scope::TenantScope`] only. What does *not* belong here: queries,
//! and the domain's types, which are made of these rows where they are read.
#![expect(
    unreachable_pub,
    reason = "the derive macros want public items; the module itself is private to the crate"
)]

pub mod agent_revisions;
pub mod agents;
pub mod api_keys;
pub mod audit_log;
pub mod connections;
pub mod contacts;
pub mod data_keys;
pub mod inbox;
pub mod messages;
pub mod node;
pub mod outbox;
pub mod ownership;
pub mod routes;
pub mod secrets;
pub mod sessions;
pub mod tenants;
pub mod turn_steps;
pub mod turns;
pub mod usage_events;
pub mod usage_minutes;
pub mod wake;

mod tenant_owned;

#[cfg(test)]
pub(crate) use tenant_owned::for_each_tenant_entity;
