//! The control plane over its ports. Each use case stands in a file of its own; here is what they
//! share: reading a tenant's facts, and saving a plan against somebody else's simultaneous change.

use crate::apply::{Facts, Means, Outcome, plan};
use crate::error::ControlError;
use crate::fault::Faults;
use crate::key_text::RandomSource;
use crate::spec::{Known, TenantSpec};
use rookery_domain::channel::ChannelKind;
use rookery_domain::connection::Connection;
use rookery_domain::ports::control::TenantState;
use rookery_domain::ports::{
    ApiKeys, ChannelCatalogue, ControlStore, Inbox, Outbox, SecretVault, StoreError,
};
use rookery_domain::time::{Clock, IdSource};
use std::sync::Arc;

/// How often a change is planned again because somebody else's came first.
pub const ATTEMPTS_MAX: u32 = 5;

/// What the control plane is built on.
#[derive(Debug, Clone)]
pub struct ControlPorts {
    /// Configuration.
    pub store: Arc<dyn ControlStore>,
    /// Key digests.
    pub keys: Arc<dyn ApiKeys>,
    /// Secrets.
    pub vault: Arc<dyn SecretVault>,
    /// Inbound rows, for dead letters.
    pub inbox: Arc<dyn Inbox>,
    /// Outbound rows, for dead letters.
    pub outbox: Arc<dyn Outbox>,
    /// The platforms.
    pub channels: Arc<dyn ChannelCatalogue>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Fresh ids.
    pub ids: Arc<dyn IdSource>,
    /// Randomness for keys.
    pub random: Arc<dyn RandomSource>,
}

/// The use cases of the control plane.
#[derive(Debug, Clone)]
pub struct Control {
    pub(crate) ports: ControlPorts,
    tools: Vec<String>,
    public_url: String,
}

impl Control {
    /// Over its ports, the tools' names, and the base URL under which platforms reach the hooks.
    pub fn new(ports: ControlPorts, tools: Vec<String>, public_url: &str) -> Self {
        Self { ports, tools, public_url: public_url.trim_end_matches('/').to_owned() }
    }

    /// What an apply file is checked against.
    pub fn known(&self) -> Known<'_> {
        Known { channels: self.ports.channels.as_ref(), tools: &self.tools }
    }

    /// Makes a tenant what the file says. Doing it again changes nothing.
    ///
    /// The caller tells the running system afterwards (`outcome.applied.tenant.id`).
    pub async fn apply(&self, spec: &TenantSpec) -> Result<Outcome, ControlError> {
        self.apply_as(spec, "operator").await
    }

    pub(crate) async fn apply_as(
        &self,
        spec: &TenantSpec,
        actor: &str,
    ) -> Result<Outcome, ControlError> {
        for _ in 0..ATTEMPTS_MAX {
            let facts = self.facts(spec).await?;
            let planned = plan(spec, &facts, self.means(actor))?;
            let Some(change) = planned.change else {
                return Ok(planned.outcome);
            };
            match self.ports.store.save(change).await {
                Ok(()) => return Ok(planned.outcome),
                Err(StoreError::Conflict(reason)) => {
                    tracing::debug!(tenant.slug = %spec.tenant.slug, %reason, "planning again");
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(ControlError::Contended(spec.tenant.slug.clone()))
    }

    pub(crate) fn means<'a>(&'a self, actor: &'a str) -> Means<'a> {
        Means {
            ids: self.ports.ids.as_ref(),
            random: self.ports.random.as_ref(),
            at: self.ports.clock.now(),
            actor,
            public_url: &self.public_url,
        }
    }

    pub(crate) async fn tenant(&self, slug: &str) -> Result<TenantState, ControlError> {
        self.ports
            .store
            .tenant_by_slug(slug)
            .await?
            .ok_or_else(|| ControlError::UnknownTenant(slug.to_owned()))
    }

    async fn facts(&self, spec: &TenantSpec) -> Result<Facts, ControlError> {
        let mut facts = Facts { web_settings: self.web_settings()?, ..Facts::default() };
        facts.state = self.ports.store.tenant_by_slug(&spec.tenant.slug).await?;
        let Some(state) = &facts.state else {
            return Ok(facts);
        };
        let tenant = state.tenant.id;
        for prefix in ["connection/", "llm/"] {
            facts.vault.extend(self.ports.vault.with_prefix(tenant, prefix).await?);
        }
        for wanted in &spec.api_keys {
            let stored = state.api_keys.iter().find(|key| key.slug == wanted.slug);
            if let (Some(stored), Some(text)) = (stored, &wanted.value)
                && self.ports.keys.matches(tenant, stored.id, &text.0).await?
            {
                facts.matching_keys.insert(stored.id);
            }
        }
        Ok(facts)
    }

    fn web_settings(&self) -> Result<serde_json::Value, Faults> {
        let nothing = serde_json::Map::new();
        let checked = self
            .ports
            .channels
            .find(&ChannelKind::web())
            .map(|adapter| adapter.check_settings(&nothing, &[]));
        let Some(Ok(settings)) = checked else {
            let mut faults = Faults::default();
            faults.push("", "this installation lacks the built-in web channel");
            return Err(faults);
        };
        Ok(settings)
    }
}

/// Whether a connection is one that the control plane made itself.
pub fn is_implicit(connection: &Connection) -> bool {
    connection.slug.starts_with(crate::spec::RESERVED_CONNECTION_PREFIX)
}
