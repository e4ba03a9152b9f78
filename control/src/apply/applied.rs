//! What `apply` prints: one JSON object, the same every time but for keys that were made now.

use crate::spec::CarriedSecret;
use rookery_domain::id::{AgentId, ApiKeyId, ConnectionId, TenantId};
use std::collections::BTreeMap;

/// The printed object.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Applied {
    /// The tenant.
    pub tenant: AppliedTenant,
    /// Its agents named in the file, by slug.
    pub agents: BTreeMap<String, AppliedAgent>,
    /// Its connections named in the file, by slug.
    pub connections: BTreeMap<String, AppliedConnection>,
    /// Its keys named in the file, by slug.
    pub api_keys: BTreeMap<String, AppliedKey>,
}

/// The tenant.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AppliedTenant {
    /// Its id.
    pub id: TenantId,
    /// Its slug.
    pub slug: String,
}

/// An agent.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AppliedAgent {
    /// Its id.
    pub id: AgentId,
}

/// A connection.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AppliedConnection {
    /// Its id.
    pub id: ConnectionId,
    /// Where the platform delivers to; absent on the built-in web channel, which has no hook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook_url: Option<String>,
}

/// An API key.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AppliedKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Its text, the one time that it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<CarriedSecret>,
}

/// What an `apply` did.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Outcome {
    /// What is printed.
    pub applied: Applied,
    /// Whether anything changed.
    pub changed: bool,
    /// What an operator should know about it, one line each.
    pub notes: Vec<String>,
}
