//! From stored rows to the domain's types.

use crate::entity::{agent_revisions, agents, api_keys, connections, tenants};
use rookery_domain::agent::Agent;
use rookery_domain::api_key::ApiKey;
use rookery_domain::connection::Connection;
use rookery_domain::id::{AgentId, ApiKeyId, ConnectionId, RevisionId, TenantId};
use rookery_domain::ports::StoreError;
use rookery_domain::tenant::Tenant;
use rookery_domain::time::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Display;

pub(crate) fn to_tenant(row: &tenants::Model) -> Result<Tenant, StoreError> {
    let id = TenantId::from_uuid(row.tenant_id);
    Ok(Tenant {
        id,
        slug: row.slug.clone(),
        name: row.name.clone(),
        plan: row.plan.clone(),
        limits: json(&row.limits, format_args!("limits of {id}"))?,
        version: row.version,
    })
}

pub(super) fn to_agent(
    row: agents::Model,
    revision: &agent_revisions::Model,
) -> Result<Agent, StoreError> {
    let id = AgentId::from_uuid(row.id);
    Ok(Agent {
        tenant_id: TenantId::from_uuid(row.tenant_id),
        id,
        slug: row.slug,
        revision_id: RevisionId::from_uuid(revision.id),
        revision: revision.revision,
        profile: json(&revision.profile, format_args!("profile of {id}"))?,
    })
}

pub(super) fn to_connection(row: connections::Model) -> Result<Connection, StoreError> {
    let id = ConnectionId::from_uuid(row.id);
    let identity = row.identity.as_deref().map(|text| json(text, format_args!("identity of {id}")));
    Ok(Connection {
        tenant_id: TenantId::from_uuid(row.tenant_id),
        id,
        channel: row
            .channel
            .parse()
            .map_err(|error| StoreError::Broken(format!("channel of {id}: {error}")))?,
        agent_id: AgentId::from_uuid(row.agent_id),
        settings: json(&row.settings, format_args!("settings of {id}"))?,
        identity: identity.transpose()?,
        enabled: row.enabled,
        slug: row.slug,
    })
}

pub(crate) fn to_api_key(row: &api_keys::Model) -> Result<ApiKey, StoreError> {
    let id = ApiKeyId::from_uuid(row.id);
    Ok(ApiKey {
        tenant_id: TenantId::from_uuid(row.tenant_id),
        id,
        slug: row.slug.clone(),
        prefix: row.prefix.clone(),
        scopes: json(&row.scopes, format_args!("scopes of {id}"))?,
        expires_at: row.expires_at.map(Timestamp::from_millis),
        revoked_at: row.revoked_at.map(Timestamp::from_millis),
        one_time: row.one_time,
    })
}

/// The stored form of a value.
pub(crate) fn to_json(value: &impl Serialize, what: &'static str) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|error| StoreError::Broken(format!("{what} cannot be stored: {error}")))
}

fn json<T: DeserializeOwned>(text: &str, what: impl Display) -> Result<T, StoreError> {
    serde_json::from_str(text)
        .map_err(|error| StoreError::Broken(format!("{what} cannot be read: {error}")))
}
