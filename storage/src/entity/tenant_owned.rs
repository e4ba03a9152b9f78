//! Which entities belong to tenants.

use super::{
    agent_revisions, agents, api_keys, audit_log, connections, contacts, data_keys, inbox,
    messages, outbox, routes, secrets, sessions, tenants, turn_steps, turns, usage_events,
    usage_minutes,
};
use crate::scope::TenantEntity;

/// Names every entity of a tenant once, for implementations and for the isolation suite.
macro_rules! for_each_tenant_entity {
    ($use:ident) => {
        $use! {
            tenants,
            agents,
            agent_revisions,
            connections,
            contacts,
            sessions,
            messages,
            turns,
            turn_steps,
            inbox,
            outbox,
            usage_events,
            usage_minutes,
            secrets,
            data_keys,
            api_keys,
            audit_log,
        }
    };
}
#[cfg(test)]
pub(crate) use for_each_tenant_entity;

macro_rules! implement_tenant_entity {
    ($($name:ident,)*) => {$(
        impl TenantEntity for $name::Entity {
            const TENANT: $name::Column = $name::Column::TenantId;
        }
    )*};
}
for_each_tenant_entity!(implement_tenant_entity);

impl TenantEntity for routes::Entity {
    const TENANT: routes::Column = routes::Column::TenantId;
}
