//! Two tenants with an agent each, and their keys.

use async_trait::async_trait;
use rookery_domain::agent::Agent;
use rookery_domain::api_key::{ApiKey, Scope};
use rookery_domain::channel::ChannelKind;
use rookery_domain::connection::Connection;
use rookery_domain::id::{AgentId, ApiKeyId, ConnectionId, RevisionId, TenantId};
use rookery_domain::ports::control::{TenantChange, TenantState};
use rookery_domain::ports::{ApiKeys, ControlStore, Directory, StoreError};
use rookery_domain::tenant::Tenant;
use rookery_domain::testing::samples;
use rookery_domain::{Secret, Timestamp};
use tokio::sync::watch;
use uuid::Uuid;

pub(crate) const CHAT_KEY: &str = "chat-key-of-tenant-one";
pub(crate) const READ_KEY: &str = "read-key-of-tenant-one";
pub(crate) const ADMIN_KEY: &str = "admin-key-of-tenant-one";
pub(crate) const OTHER_KEY: &str = "chat-key-of-tenant-two";

/// Configuration that a test may change while it runs.
#[derive(Debug)]
pub(crate) struct Configuration(watch::Sender<State>);

#[derive(Debug, Clone)]
struct State {
    agents: Vec<Agent>,
    connections: Vec<Connection>,
    keys: Vec<(String, ApiKey)>,
    reachable: bool,
    key_lookups: usize,
}

pub(crate) fn tenant(number: u128) -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(number))
}

fn agent(owner: u128, number: u128, slug: &str) -> Agent {
    Agent {
        tenant_id: tenant(owner),
        id: AgentId::from_uuid(Uuid::from_u128(number)),
        slug: slug.to_owned(),
        revision_id: RevisionId::from_uuid(Uuid::from_u128(number)),
        revision: 1,
        profile: samples::profile(&format!("The {slug}")),
    }
}

fn connection(owner: u128, agent: u128, origins: &[&str]) -> Connection {
    Connection {
        tenant_id: tenant(owner),
        id: ConnectionId::from_uuid(Uuid::from_u128(agent)),
        slug: format!("web-{agent}"),
        channel: ChannelKind::web(),
        agent_id: AgentId::from_uuid(Uuid::from_u128(agent)),
        settings: serde_json::json!({"allowed_origins": origins}),
        identity: None,
        enabled: true,
    }
}

pub(crate) fn api_key(owner: u128, scope: Scope, one_time: bool) -> ApiKey {
    ApiKey {
        tenant_id: tenant(owner),
        id: ApiKeyId::from_uuid(Uuid::from_u128(owner)),
        slug: "key".to_owned(),
        prefix: String::new(),
        scopes: vec![scope],
        expires_at: None,
        revoked_at: None,
        one_time,
    }
}

impl Configuration {
    pub(crate) fn new() -> Self {
        let keys = [
            (CHAT_KEY, api_key(1, Scope::Chat, false)),
            (READ_KEY, api_key(1, Scope::Read, false)),
            (ADMIN_KEY, api_key(1, Scope::Admin, false)),
            (OTHER_KEY, api_key(2, Scope::Chat, false)),
        ];
        Self(watch::Sender::new(State {
            agents: vec![agent(1, 10, "helper"), agent(1, 11, "second"), agent(2, 20, "helper")],
            connections: vec![
                connection(1, 10, &["https://shop.example.com"]),
                connection(1, 11, &[]),
                connection(2, 20, &["https://other.example.com"]),
            ],
            keys: keys.map(|(text, key)| (text.to_owned(), key)).to_vec(),
            reachable: true,
            key_lookups: 0,
        }))
    }

    pub(crate) fn add_key(&self, text: &str, key: ApiKey) {
        self.0.send_modify(|state| state.keys.push((text.to_owned(), key)));
    }

    pub(crate) fn remove_key(&self, text: &str) {
        self.0.send_modify(|state| state.keys.retain(|(known, _)| known != text));
    }

    pub(crate) fn set_reachable(&self, reachable: bool) {
        self.0.send_modify(|state| state.reachable = reachable);
    }

    pub(crate) fn key_lookups(&self) -> usize {
        self.0.borrow().key_lookups
    }

    fn read(&self) -> Result<State, StoreError> {
        let state = self.0.borrow().clone();
        if state.reachable {
            Ok(state)
        } else {
            Err(StoreError::Unavailable("secret-host refused".to_owned()))
        }
    }
}

#[async_trait]
impl Directory for Configuration {
    async fn connection_tenant(&self, id: ConnectionId) -> Result<Option<TenantId>, StoreError> {
        let connections = self.read()?.connections;
        Ok(connections.into_iter().find(|known| known.id == id).map(|known| known.tenant_id))
    }

    async fn tenant(&self, id: TenantId) -> Result<Option<Tenant>, StoreError> {
        Ok(Some(samples::tenant(id, "tenant")))
    }

    async fn connection(
        &self,
        tenant: TenantId,
        id: ConnectionId,
    ) -> Result<Option<Connection>, StoreError> {
        Ok(self.connections(tenant).await?.into_iter().find(|known| known.id == id))
    }

    async fn connections(&self, tenant: TenantId) -> Result<Vec<Connection>, StoreError> {
        let all = self.read()?.connections;
        Ok(all.into_iter().filter(|known| known.tenant_id == tenant).collect())
    }

    async fn agent(&self, tenant: TenantId, id: AgentId) -> Result<Option<Agent>, StoreError> {
        Ok(self.agents(tenant).await?.into_iter().find(|known| known.id == id))
    }

    async fn agents(&self, tenant: TenantId) -> Result<Vec<Agent>, StoreError> {
        let all = self.read()?.agents;
        Ok(all.into_iter().filter(|known| known.tenant_id == tenant).collect())
    }

    async fn api_key(&self, text: &Secret) -> Result<Option<ApiKey>, StoreError> {
        self.0.send_modify(|state| state.key_lookups += 1);
        let keys = self.read()?.keys;
        Ok(keys.into_iter().find(|(known, _)| known == text.expose()).map(|(_, key)| key))
    }

    async fn remember_identity(
        &self,
        _tenant: TenantId,
        _id: ConnectionId,
        _identity: serde_json::Value,
    ) -> Result<(), StoreError> {
        Ok(())
    }
}

#[async_trait]
impl ApiKeys for Configuration {
    async fn redeem(&self, text: &Secret, _at: Timestamp) -> Result<Option<ApiKey>, StoreError> {
        let keys = self.read()?.keys;
        let found = keys.into_iter().find(|(known, key)| known == text.expose() && key.one_time);
        self.remove_key(text.expose());
        Ok(found.map(|(_, key)| key))
    }

    async fn matches(
        &self,
        _tenant: TenantId,
        _id: ApiKeyId,
        _text: &Secret,
    ) -> Result<bool, StoreError> {
        Ok(false)
    }
}

#[async_trait]
impl ControlStore for Configuration {
    async fn tenant_by_slug(&self, _slug: &str) -> Result<Option<TenantState>, StoreError> {
        Ok(None)
    }

    async fn tenants(
        &self,
        after: Option<TenantId>,
        limit: u32,
    ) -> Result<Vec<TenantId>, StoreError> {
        let limit = usize::try_from(limit).unwrap();
        let all = [tenant(1), tenant(2)].into_iter();
        Ok(all.filter(|id| after.is_none_or(|after| *id > after)).take(limit).collect())
    }

    async fn save(&self, _change: TenantChange) -> Result<(), StoreError> {
        Err(StoreError::Broken("nothing is saved here".to_owned()))
    }
}
