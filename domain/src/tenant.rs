//! Who is isolated, and how much of everything it may use.

use crate::id::TenantId;

/// A tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Unique short name, `[a-z0-9-]{1,63}`.
    pub slug: String,
    /// For people.
    pub name: String,
    /// The plan's name; what it allows is the billing crate's business.
    pub plan: String,
    /// Per-tenant limits; an absent one falls back to the runtime's default.
    pub limits: TenantLimits,
    /// Rises by one with every change of the tenant's configuration.
    pub version: i64,
}

/// Limits stored with a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenantLimits {
    /// Inbound messages that reach a model, per UTC day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages_per_day: Option<u64>,
    /// Model tokens, input and output together, per UTC day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_per_day: Option<u64>,
    /// Stored for the ledger; enforced once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spend_usd_per_month: Option<f64>,
}

/// What a tenant may use in one UTC day; `None` is unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DailyLimits {
    /// Inbound messages that reach a model.
    pub messages: Option<u64>,
    /// Model tokens, input and output together.
    pub tokens: Option<u64>,
}
