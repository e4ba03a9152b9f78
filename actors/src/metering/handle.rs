//! What others may ask of the metering actor.

use super::actor::MeteringMessage;
use ractor::ActorRef;
use rookery_domain::ownership::Lease;

/// A cheap handle.
#[derive(Debug, Clone)]
pub(crate) struct MeteringHandle(ActorRef<MeteringMessage>);

impl MeteringHandle {
    pub(super) const fn new(actor: ActorRef<MeteringMessage>) -> Self {
        Self(actor)
    }

    /// Says that a tenant has facts to fold. A lost message is made good by the tenant's next one,
    /// or by its next start.
    pub(crate) fn recorded(&self, lease: Lease) {
        if self.0.cast(MeteringMessage::Recorded(lease)).is_err() {
            tracing::debug!("the metering actor is gone");
        }
    }

    /// Folds what is left and stops.
    pub(crate) async fn drain(&self, budget: std::time::Duration) {
        if self.0.cast(MeteringMessage::WindowEnds).is_ok()
            && self.0.drain_and_wait(Some(budget)).await.is_err()
        {
            tracing::warn!("usage facts are left for the next start to fold");
        }
    }
}
