//! The value that an apply file becomes. It travels over the admin socket, which only its owner
//! can open, and is the one type that carries secrets in a serialised form.

use rookery_domain::Secret;
use rookery_domain::agent::AgentProfile;
use rookery_domain::api_key::Scope;
use rookery_domain::channel::ChannelKind;
use rookery_domain::ports::channel::ChannelCatalogue;
use rookery_domain::tenant::TenantLimits;
use std::collections::BTreeMap;

/// Connections that the control plane makes itself start with this (see `apply`).
pub const RESERVED_CONNECTION_PREFIX: &str = "api-";

/// What this installation knows, against which a file is checked.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The platforms.
    pub channels: &'a dyn ChannelCatalogue,
    /// The tools' exact names.
    pub tools: &'a [String],
}

/// A tenant as it should be.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct TenantSpec {
    /// `[tenant]`.
    pub tenant: TenantSection,
    /// `[limits]`.
    pub limits: TenantLimits,
    /// `[[agents]]`.
    pub agents: Vec<AgentSpec>,
    /// `[[connections]]`.
    pub connections: Vec<ConnectionSpec>,
    /// `[[api_keys]]`.
    pub api_keys: Vec<ApiKeySpec>,
    /// `[secrets]`, by their name in the vault.
    pub secrets: BTreeMap<String, CarriedSecret>,
}

/// Who the tenant is.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TenantSection {
    /// Its slug, which finds it again.
    pub slug: String,
    /// For people.
    pub name: String,
    /// The plan's name.
    pub plan: String,
}

/// One agent.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct AgentSpec {
    /// Its slug.
    pub slug: String,
    /// What its next revision says.
    pub profile: AgentProfile,
}

/// One connection.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ConnectionSpec {
    /// Its slug.
    pub slug: String,
    /// The platform.
    pub channel: ChannelKind,
    /// The slug of the agent that answers.
    pub agent: String,
    /// As the adapter stores them.
    pub settings: serde_json::Value,
    /// By field name.
    pub secrets: BTreeMap<String, CarriedSecret>,
}

/// One API key.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ApiKeySpec {
    /// Its slug.
    pub slug: String,
    /// What it may do, sorted.
    pub scopes: Vec<Scope>,
    /// Its text; absent: one is made.
    pub value: Option<CarriedSecret>,
}

/// A secret on its way from the process that read it to the one that stores it. Unlike [`Secret`]
/// it can be serialised; like it, it cannot be printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarriedSecret(pub Secret);

impl serde::Serialize for CarriedSecret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

impl<'de> serde::Deserialize<'de> for CarriedSecret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Secret::deserialize(deserializer).map(Self)
    }
}
