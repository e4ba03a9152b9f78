//! A tenant with its agents and connections, read in one transaction.

use super::rows::{to_agent, to_connection, to_tenant};
use crate::entity::{agent_revisions, agents, connections, tenants};
use crate::error::from_orm;
use crate::scope::TenantTransaction;
use rookery_domain::agent::Agent;
use rookery_domain::connection::Connection;
use rookery_domain::ports::StoreError;
use rookery_domain::tenant::Tenant;
use sea_orm::{ColumnTrait, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect};

/// What is configured for a tenant, but for its keys.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TenantSnapshot {
    pub(crate) tenant: Tenant,
    /// By slug.
    pub(crate) connections: Vec<Connection>,
    /// By slug.
    pub(crate) agents: Vec<Agent>,
}

/// Reads a tenant's configuration. `None` if there is no such tenant.
///
/// The order matters where the statements of one transaction see different moments: a save that
/// comes in between raises a version that was read before, and an agent is never removed, so that
/// every connection read here finds its agent.
pub(crate) async fn read_tenant(
    transaction: &TenantTransaction,
) -> Result<Option<TenantSnapshot>, StoreError> {
    let connection = transaction.connection();
    let Some(tenant) =
        transaction.find::<tenants::Entity>().one(connection).await.map_err(from_orm)?
    else {
        return Ok(None);
    };
    let connections = transaction
        .find::<connections::Entity>()
        .order_by_asc(connections::Column::Slug)
        .all(connection)
        .await
        .map_err(from_orm)?;
    Ok(Some(TenantSnapshot {
        tenant: to_tenant(&tenant)?,
        connections: connections.into_iter().map(to_connection).collect::<Result<_, _>>()?,
        agents: read_agents(transaction).await?,
    }))
}

async fn read_agents(transaction: &TenantTransaction) -> Result<Vec<Agent>, StoreError> {
    use agent_revisions::Column as Revision;
    use agents::Column as Stored;

    let published = agents::Entity::belongs_to(agent_revisions::Entity)
        .from((Stored::TenantId, Stored::PublishedRevisionId))
        .to((Revision::TenantId, Revision::Id));
    let rows = transaction
        .find::<agents::Entity>()
        .join(JoinType::InnerJoin, published.into())
        .select_also(agent_revisions::Entity)
        .filter(Revision::TenantId.eq(transaction.tenant().as_uuid()))
        .order_by_asc(Stored::Slug)
        .all(transaction.connection())
        .await
        .map_err(from_orm)?;
    rows.into_iter().filter_map(|(agent, revision)| Some(to_agent(agent, &revision?))).collect()
}
