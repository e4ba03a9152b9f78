//! Agents with their revisions, and connections.

use super::routes::lead;
use crate::directory::{RouteKind, to_json};
use crate::entity::{agent_revisions, agents, connections};
use crate::error::from_orm;
use crate::scope::TenantTransaction;
use rookery_domain::Timestamp;
use rookery_domain::connection::Connection;
use rookery_domain::id::AgentId;
use rookery_domain::ports::StoreError;
use rookery_domain::ports::control::AgentChange;
use sea_orm::{ActiveValue, ColumnTrait, IntoActiveModel, QueryFilter, QuerySelect};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Creates an agent or gives it a new published revision.
pub(super) async fn put_agent(
    transaction: &TenantTransaction,
    change: AgentChange,
    at: Timestamp,
) -> Result<(), StoreError> {
    let tenant_id = transaction.tenant().as_uuid();
    let revision = agent_revisions::Model {
        tenant_id,
        id: change.revision_id.as_uuid(),
        agent_id: change.id.as_uuid(),
        revision: change.revision,
        profile: to_json(&change.profile, "profile")?,
        created_at: at.as_millis(),
    };
    transaction.insert(revision.into_active_model()).await?;
    let published = agents::ActiveModel {
        slug: ActiveValue::Set(change.slug),
        published_revision_id: ActiveValue::Set(change.revision_id.as_uuid()),
        ..agents::ActiveModel::default()
    };
    let changed = transaction
        .update::<agents::Entity>()
        .set(published.clone())
        .filter(agents::Column::Id.eq(change.id.as_uuid()))
        .exec(transaction.connection())
        .await
        .map_err(from_orm)?;
    if changed.rows_affected > 0 {
        return Ok(());
    }
    let new = agents::ActiveModel {
        tenant_id: ActiveValue::Set(tenant_id),
        id: ActiveValue::Set(change.id.as_uuid()),
        created_at: ActiveValue::Set(at.as_millis()),
        ..published
    };
    transaction.insert(new).await
}

/// Refuses connections to agents that the tenant does not have.
pub(super) async fn require_agents(
    transaction: &TenantTransaction,
    connections: &[Connection],
) -> Result<(), StoreError> {
    let wanted: BTreeSet<AgentId> = connections.iter().map(|one| one.agent_id).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = transaction
        .find::<agents::Entity>()
        .select_only()
        .column(agents::Column::Id)
        .into_tuple()
        .all(transaction.connection())
        .await
        .map_err(from_orm)?;
    let has: BTreeSet<AgentId> = ids.into_iter().map(AgentId::from_uuid).collect();
    match wanted.difference(&has).next() {
        Some(missing) => Err(StoreError::NotFound(missing.to_string())),
        None => Ok(()),
    }
}

/// Creates or replaces a connection, exactly as given: a change that forgets what the platform said
/// the bot is makes the platform be asked again.
pub(super) async fn put_connection(
    transaction: &TenantTransaction,
    connection: Connection,
    at: Timestamp,
) -> Result<(), StoreError> {
    let id = connection.id.as_uuid();
    let identity = connection.identity.map(|identity| identity.to_string());
    let row = connections::ActiveModel {
        slug: ActiveValue::Set(connection.slug),
        channel: ActiveValue::Set(connection.channel.to_string()),
        agent_id: ActiveValue::Set(connection.agent_id.as_uuid()),
        settings: ActiveValue::Set(connection.settings.to_string()),
        identity: ActiveValue::Set(identity),
        enabled: ActiveValue::Set(connection.enabled),
        updated_at: ActiveValue::Set(at.as_millis()),
        ..connections::ActiveModel::default()
    };
    let changed = transaction
        .update::<connections::Entity>()
        .set(row.clone())
        .filter(connections::Column::Id.eq(id))
        .exec(transaction.connection())
        .await
        .map_err(from_orm)?;
    if changed.rows_affected == 0 {
        let new = connections::ActiveModel {
            tenant_id: ActiveValue::Set(transaction.tenant().as_uuid()),
            id: ActiveValue::Set(id),
            created_at: ActiveValue::Set(at.as_millis()),
            ..row
        };
        transaction.insert(new).await?;
    }
    lead(transaction, RouteKind::Connection, id.to_string(), id).await
}
