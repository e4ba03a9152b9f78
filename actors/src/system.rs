//! The tree as the composition root sees it.

use crate::clock::{ClockActor, ClockHandle};
use crate::ingress::Door;
use crate::metering::{Metering, MeteringHandle};
use crate::services::Services;
use crate::settings::ActorSettings;
use crate::shared::Shared;
use crate::tenants::{Tenants, TenantsArguments, TenantsHandle};
use rookery_domain::id::TenantId;
use rookery_domain::ports::Ingestion;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long work beside the mailboxes may take to be recorded when the node goes down.
const RECORD_BUDGET: Duration = Duration::from_secs(3);

/// How long the last window may take to be folded when the node goes down.
const FOLD_BUDGET: Duration = Duration::from_secs(3);

/// The tree could not be started.
#[derive(Debug, thiserror::Error)]
#[error("the supervision tree did not start")]
pub struct SystemError {
    #[from]
    source: ractor::SpawnErr,
}

/// A running tree.
#[derive(Debug)]
pub struct System {
    shared: Shared,
    tenants: TenantsHandle,
    metering: MeteringHandle,
    clock: ClockHandle,
    ended: CancellationToken,
}

impl System {
    /// Starts the tree. Tenants with work start by themselves.
    ///
    /// # Errors
    /// If an actor cannot be spawned.
    pub async fn start(services: Services, settings: ActorSettings) -> Result<Self, SystemError> {
        let shared = Shared::new(services, settings);
        let (metering, metering_end) = Metering::start(shared.clone()).await?;
        let arguments = TenantsArguments { metering: metering.clone() };
        let (tenants, tenants_end) = Tenants::start(shared.clone(), arguments).await?;
        let (clock, clock_end) = ClockActor::start(shared.clone(), tenants.clone()).await?;
        let ended = CancellationToken::new();
        for end in [metering_end, tenants_end, clock_end] {
            let ended = ended.clone();
            shared.tasks.spawn(async move {
                // However it ended: without one of the three the node does no work.
                let _outcome = end.await;
                ended.cancel();
            });
        }
        Ok(Self { shared, tenants, metering, clock, ended })
    }

    /// The door for everything inbound.
    pub fn ingestion(&self) -> Arc<dyn Ingestion> {
        Arc::new(Door::new(self.shared.clone(), self.tenants.clone()))
    }

    /// Makes a tenant's overseer read its configuration again.
    pub fn refresh(&self, tenant: TenantId) {
        self.tenants.refresh(tenant);
    }

    /// Makes a tenant's overseer look for work in the store.
    pub fn wake(&self, tenant: TenantId) {
        self.tenants.marked(vec![tenant]);
    }

    /// Waits until the tree has ended. Unless it was drained, the process should end, too: it would
    /// take messages and never answer them.
    pub async fn ended(&self) {
        self.ended.cancelled().await;
    }

    /// How many overseers are live; `None` if the tree does not answer.
    pub async fn live_overseers(&self) -> Option<usize> {
        self.tenants.count().await
    }

    /// Finishes running turns and sends within the budget, then stops. `false` if some were cut:
    /// they are journalled, and the next owner goes on with them.
    pub async fn drain(&self, budget: Duration) -> bool {
        self.clock.stop();
        let complete = self.tenants.drain(budget).await;
        self.metering.drain(FOLD_BUDGET).await;
        self.shared.tasks.close();
        // Sends under way are recorded, or the next start has to call them ambiguous.
        let recorded = tokio::time::timeout(RECORD_BUDGET, self.shared.tasks.wait()).await.is_ok();
        complete && recorded
    }
}
