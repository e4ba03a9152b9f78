//! The embedded default: what a fresh machine gets, and the link that signs in to it.

use crate::apply::Outcome;
use crate::control::Control;
use crate::error::ControlError;
use crate::spec::{AgentSpec, ApiKeySpec, TenantSection, TenantSpec};
use rookery_domain::Secret;
use rookery_domain::agent::{AgentProfile, GroupActivation, WhileBusy};
use rookery_domain::api_key::Scope;
use rookery_domain::tenant::TenantLimits;
use std::collections::BTreeMap;
use std::time::Duration;

/// The tenant of an embedded install.
pub const DEFAULT_TENANT: &str = "default";
/// Its agent.
pub const DEFAULT_AGENT: &str = "helper";
/// Its lasting key.
pub const ADMIN_KEY: &str = "admin";
/// The one-time key behind the printed link; there is one, and a new one replaces it.
pub const SIGN_IN_KEY: &str = "sign-in";
/// How long a printed link can be used.
pub const SIGN_IN_VALID: Duration = Duration::from_hours(24);

const INSTRUCTIONS: &str = "You are a friendly assistant. Answer in the language of the question, \
    plainly and briefly. Say so when you do not know something, and ask back when a question can \
    be understood in more than one way.";

/// A one-time way in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignIn {
    /// The agent whose chat page it opens.
    pub agent: String,
    /// The text for the link; good once.
    pub token: Secret,
}

impl Control {
    /// Sets up the embedded default: a tenant, an agent with the tools of this installation, and
    /// an admin key whose text is in the outcome this one time. Doing it again changes nothing.
    pub async fn bootstrap(&self) -> Result<Outcome, ControlError> {
        let profile = AgentProfile {
            name: "Helper".to_owned(),
            instructions: INSTRUCTIONS.to_owned(),
            tools: self.known().tools.to_vec(),
            while_busy: WhileBusy::default(),
            roles: BTreeMap::new(),
            on_ambiguous: None,
            group_activation: GroupActivation::default(),
        };
        let spec = TenantSpec {
            tenant: TenantSection {
                slug: DEFAULT_TENANT.to_owned(),
                name: "Default".to_owned(),
                plan: "free".to_owned(),
            },
            limits: TenantLimits::default(),
            agents: vec![AgentSpec { slug: DEFAULT_AGENT.to_owned(), profile }],
            connections: Vec::new(),
            api_keys: vec![ApiKeySpec {
                slug: ADMIN_KEY.to_owned(),
                scopes: vec![Scope::Admin],
                value: None,
            }],
            secrets: BTreeMap::new(),
        };
        self.apply_as(&spec, "runtime").await
    }

    /// A fresh one-time key for the chat page of the embedded default; the one before it is no
    /// longer good. `None` if there is no such tenant or agent.
    pub async fn sign_in(&self) -> Result<Option<SignIn>, ControlError> {
        let Some(state) = self.ports.store.tenant_by_slug(DEFAULT_TENANT).await? else {
            return Ok(None);
        };
        if !state.agents.iter().any(|agent| agent.slug == DEFAULT_AGENT) {
            return Ok(None);
        }
        let expires_at = self.ports.clock.now().plus(SIGN_IN_VALID);
        let made = self
            .write_key(SIGN_IN_KEY, &state, |key| {
                key.scopes = vec![Scope::Chat, Scope::Read];
                key.expires_at = Some(expires_at);
                key.one_time = true;
            })
            .await?;
        Ok(Some(SignIn { agent: DEFAULT_AGENT.to_owned(), token: made.value.0 }))
    }
}
