//! Daily limits: the tenant's own, else the runtime's default.

use rookery_domain::ports::Entitlements;
use rookery_domain::tenant::{DailyLimits, Tenant};

/// Limits of this installation: the defaults for every tenant that has none of its own.
#[derive(Debug, Clone, Copy, Default)]
pub struct RuntimeLimits {
    defaults: DailyLimits,
}

impl RuntimeLimits {
    /// With the runtime's defaults.
    pub const fn new(defaults: DailyLimits) -> Self {
        Self { defaults }
    }
}

impl Entitlements for RuntimeLimits {
    fn daily(&self, tenant: &Tenant) -> DailyLimits {
        DailyLimits {
            messages: tenant.limits.messages_per_day.or(self.defaults.messages),
            tokens: tenant.limits.tokens_per_day.or(self.defaults.tokens),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RuntimeLimits;
    use rookery_domain::id::TenantId;
    use rookery_domain::ports::Entitlements;
    use rookery_domain::tenant::DailyLimits;
    use rookery_domain::testing::{SequentialIds, samples};

    #[test]
    fn a_tenants_own_limit_goes_before_the_default() {
        let limits = RuntimeLimits::new(DailyLimits { messages: Some(10), tokens: Some(1_000) });
        let mut tenant = samples::tenant(TenantId::generate(&SequentialIds::default()), "acme");
        tenant.limits.messages_per_day = Some(3);
        let daily = limits.daily(&tenant);
        assert_eq!(daily, DailyLimits { messages: Some(3), tokens: Some(1_000) });
    }
}
