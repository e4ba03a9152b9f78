//! A provider with what the router holds for it.

use crate::breaker::{CircuitKey, KeyOwner};
use crate::provider::Provider;
use crate::settings::ProviderLimits;
use rookery_domain::Secret;
use rookery_domain::ports::ModelCall;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

/// A provider with what the router holds for it.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) name: Arc<str>,
    pub(super) kind: String,
    pub(super) has_key: bool,
    pub(super) provider: Arc<dyn Provider>,
    pub(super) limits: ProviderLimits,
    pub(super) slots: Arc<Semaphore>,
}

impl Seat {
    /// Waits for a slot, no longer than the provider's limit and the call's deadline allow.
    pub(super) async fn slot(&self, deadline: Instant) -> Option<OwnedSemaphorePermit> {
        let until = deadline.min(Instant::now() + self.limits.slot_wait_max);
        let waiting = Arc::clone(&self.slots).acquire_owned();
        timeout_at(until, waiting).await.ok()?.ok()
    }

    /// The tenant's own key for this provider.
    pub(super) fn tenant_key<'call>(&self, call: &'call ModelCall) -> Option<&'call Secret> {
        call.keys.get(self.name.as_ref()).filter(|key| !key.is_empty())
    }

    /// The circuit that a call of this tenant goes through.
    pub(super) fn circuit(&self, call: &ModelCall) -> CircuitKey {
        CircuitKey {
            provider: Arc::clone(&self.name),
            owner: match self.tenant_key(call) {
                Some(_) => KeyOwner::Tenant(call.tenant_id),
                None => KeyOwner::Installation,
            },
        }
    }
}
