//! What others may ask of the tenants' supervisor.

use super::message::{Arrival, TenantsMessage};
use ractor::ActorRef;
use rookery_domain::id::TenantId;
use std::time::Duration;

/// How long a question to the supervisor may take.
const CALL_TIME_LIMIT: Duration = Duration::from_secs(5);

/// A cheap handle.
#[derive(Debug, Clone)]
pub(crate) struct TenantsHandle(ActorRef<TenantsMessage>);

impl TenantsHandle {
    pub(super) const fn new(actor: ActorRef<TenantsMessage>) -> Self {
        Self(actor)
    }

    /// Wakes the tenant's overseer for a row. The row is durable: a lost wake-up costs time only.
    pub(crate) fn arrived(&self, arrival: Arrival) {
        self.cast(TenantsMessage::Arrived(arrival));
    }

    /// Wakes tenants that the store marks as having work.
    pub(crate) fn marked(&self, tenants: Vec<TenantId>) {
        self.cast(TenantsMessage::Marked(tenants));
    }

    /// Makes a tenant's overseer read its configuration again.
    pub(crate) fn refresh(&self, tenant: TenantId) {
        self.cast(TenantsMessage::Refresh(tenant));
    }

    /// Lets every overseer look at its deadlines.
    pub(crate) fn tick(&self) {
        self.cast(TenantsMessage::Tick);
    }

    /// Says that an overseer has had nothing to do.
    pub(crate) fn idle(&self, tenant: TenantId, arrivals: u64) {
        self.cast(TenantsMessage::Idle { tenant, arrivals });
    }

    /// How many overseers are live; `None` if the supervisor does not answer.
    pub(crate) async fn count(&self) -> Option<usize> {
        match self.0.call(TenantsMessage::Count, Some(CALL_TIME_LIMIT)).await {
            Ok(ractor::rpc::CallResult::Success(count)) => Some(count),
            _ => None,
        }
    }

    /// Stops all overseers after their running turns, within the budget. `false` if some were cut.
    pub(crate) async fn drain(&self, budget: Duration) -> bool {
        let drained = self.0.call(TenantsMessage::Drain, Some(budget)).await;
        let complete = matches!(drained, Ok(ractor::rpc::CallResult::Success(())));
        self.0.stop(Some("drained".to_owned()));
        complete
    }

    fn cast(&self, message: TenantsMessage) {
        if self.0.cast(message).is_err() {
            tracing::debug!("the tenants' supervisor is gone");
        }
    }
}
