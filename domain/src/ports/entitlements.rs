//! What a tenant may use.

use crate::tenant::{DailyLimits, Tenant};

/// Limits that follow from a tenant's plan, its own limits and the runtime's defaults.
pub trait Entitlements: Send + Sync + std::fmt::Debug {
    /// What the tenant may use in one UTC day.
    fn daily(&self, tenant: &Tenant) -> DailyLimits;
}
