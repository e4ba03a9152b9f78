//! The only way to tenant data.
//!
//! PostgreSQL: a transaction that names the tenant first (`app.current_tenant`, for this
//! transaction alone), so that row security shows and takes that tenant's rows only. SQLite has no
//! row security: there, and as a second belt on PostgreSQL, every query starts from
//! [`TenantTransaction::find`] and its siblings, which carry the tenant's filter. Writes under a
//! lease check it in the same transaction. What does *not* belong here: queries about any table
//! in particular.

mod tenant_scope;
#[cfg(test)]
mod tests;

pub(crate) use tenant_scope::{
    NAME_TENANT_AND_FENCE, NAME_TENANT_FOR_SESSION, TenantEntity, TenantScope, TenantTransaction,
};
