//! Open connections of this node, shared by ingress and delivery, so that what a platform told one
//! of them (the bot's name, a flood wait) is known to the other.

use crate::services::Services;
use dashmap::DashMap;
use rookery_domain::connection::{Connection, ConnectionConfig};
use rookery_domain::id::{ConnectionId, TenantId};
use rookery_domain::ports::{OpenConnection, StoreError};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A connection that is open.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) connection: Connection,
    pub(crate) halves: OpenConnection,
    pub(crate) hook_url: String,
    tenant_version: i64,
    registered: AtomicBool,
}

/// The name under which the hook's URL stands in a stored identity.
pub(crate) const IDENTITY_HOOK_URL: &str = "hook_url";

impl Opened {
    /// Whether the platform has to be told about this connection (again).
    pub(crate) fn wants_start(&self) -> bool {
        self.halves.lifecycle.is_some() && !self.registered.load(Ordering::SeqCst)
    }

    /// The platform knows the connection.
    pub(crate) fn became_registered(&self) {
        self.registered.store(true, Ordering::SeqCst);
    }
}

/// Why a connection is not open.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No such connection of the tenant, or disabled.
    #[error("no such connection")]
    Unknown,
    /// Its settings or secrets cannot work; says which.
    #[error("the connection cannot start: {0}")]
    Settings(String),
}

/// Opens connections once and keeps them until the tenant's configuration changes.
#[derive(Debug)]
pub(crate) struct Connections {
    services: Services,
    kept_max: usize,
    kept: DashMap<ConnectionId, Arc<Opened>>,
}

impl Connections {
    pub(crate) fn new(services: Services, kept_max: usize) -> Self {
        Self { services, kept_max, kept: DashMap::new() }
    }

    /// The connection, opened under the tenant's newest configuration.
    pub(crate) async fn open(
        &self,
        tenant: TenantId,
        id: ConnectionId,
    ) -> Result<Arc<Opened>, OpenError> {
        let directory = &self.services.directory;
        let version = directory.tenant(tenant).await?.ok_or(OpenError::Unknown)?.version;
        let kept = self.kept.get(&id).map(|entry| Arc::clone(&entry));
        if let Some(opened) = kept
            && opened.tenant_version == version
            && opened.connection.tenant_id == tenant
        {
            return Ok(opened);
        }
        let connection = directory
            .connection(tenant, id)
            .await?
            .filter(|connection| connection.enabled)
            .ok_or(OpenError::Unknown)?;
        let opened = Arc::new(self.open_new(connection, version).await?);
        self.make_room();
        self.kept.insert(id, Arc::clone(&opened));
        Ok(opened)
    }

    /// Forgets the open connections of a tenant, so that the next use reads them anew.
    pub(crate) fn forget(&self, tenant: TenantId) {
        self.kept.retain(|_, opened| opened.connection.tenant_id != tenant);
    }

    async fn open_new(&self, connection: Connection, version: i64) -> Result<Opened, OpenError> {
        let adapter = self.services.channels.find(&connection.channel).ok_or_else(|| {
            OpenError::Settings(format!("channel `{}` is not in this version", connection.channel))
        })?;
        let mut secrets = BTreeMap::new();
        for field in adapter.secret_fields() {
            let name = connection.secret_name(field);
            if let Some(secret) = self.services.vault.get(connection.tenant_id, &name).await? {
                secrets.insert((*field).to_owned(), secret);
            }
        }
        let config =
            ConnectionConfig { connection, secrets, public_url: self.services.public_url.clone() };
        let halves =
            adapter.open(&config).map_err(|fault| OpenError::Settings(fault.to_string()))?;
        let hook_url = config.hook_url();
        let known = config
            .connection
            .identity
            .as_ref()
            .and_then(|identity| identity.get(IDENTITY_HOOK_URL));
        let registered = known.and_then(serde_json::Value::as_str) == Some(hook_url.as_str());
        Ok(Opened {
            registered: AtomicBool::new(registered),
            connection: config.connection,
            halves,
            hook_url,
            tenant_version: version,
        })
    }

    fn make_room(&self) {
        if self.kept.len() < self.kept_max {
            return;
        }
        let unused: Vec<ConnectionId> = self
            .kept
            .iter()
            .filter(|entry| Arc::strong_count(entry.value()) == 1)
            .map(|entry| *entry.key())
            .take(self.kept_max.div_ceil(10))
            .collect();
        for id in unused {
            self.kept.remove(&id);
        }
    }
}
