//! What crosses the admin socket.

use rookery_control::Faults;
use rookery_domain::api_key::Scope;

/// Asks for a key.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct KeyRequest {
    /// Which tenant, by its slug.
    pub tenant: String,
    /// The key's slug.
    pub slug: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
}

/// Which server answers.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Status {
    /// Its process id.
    pub pid: u32,
    /// Its release.
    pub version: String,
    /// The public listener's address.
    pub http: String,
    /// The private listener's address.
    pub ops: String,
    /// Live overseers; absent when the tree does not answer.
    pub overseers: Option<usize>,
}

/// Narrows a question to one tenant.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct OfTenant {
    /// By its slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tenant: Option<String>,
    /// At most this many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) limit: Option<u32>,
}

/// Why it was not done.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Refusal {
    /// What was given is wrong.
    Faults(Faults),
    /// It failed.
    Error(String),
}
