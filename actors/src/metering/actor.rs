//! The shell.

use super::handle::MeteringHandle;
use crate::patience::patiently;
use crate::shared::Shared;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use rookery_domain::id::TenantId;
use rookery_domain::kill_point::{self, KillPoint};
use rookery_domain::ownership::Lease;
use rookery_domain::ports::StoreError;
use std::collections::HashMap;
use tokio::task::JoinHandle;

/// Messages of the metering actor.
#[derive(Debug)]
pub(crate) enum MeteringMessage {
    /// A tenant has facts that are not folded.
    Recorded(Lease),
    /// A window is over.
    WindowEnds,
}

impl ractor::Message for MeteringMessage {}

/// The metering actor.
#[derive(Debug)]
pub(crate) struct Metering {
    shared: Shared,
}

impl Metering {
    /// Starts it.
    pub(crate) async fn start(
        shared: Shared,
    ) -> Result<(MeteringHandle, JoinHandle<()>), ractor::SpawnErr> {
        let window = shared.settings.metering_window;
        let (actor, join) = Actor::spawn(None, Self { shared }, ()).await?;
        actor.send_interval(window, || MeteringMessage::WindowEnds);
        Ok((MeteringHandle::new(actor), join))
    }

    /// Folds a tenant's facts. The tenant comes back with the next window if the store is away.
    async fn fold(&self, lease: &Lease) -> Result<(), StoreError> {
        let usage = self.shared.services.usage.as_ref();
        let batch = self.shared.settings.fold_batch;
        loop {
            let folded = patiently(&self.shared, || usage.fold(lease, batch)).await?;
            metrics::counter!("rookery_usage_facts_folded_total").increment(u64::from(folded));
            if folded < batch {
                return Ok(());
            }
        }
    }
}

impl Actor for Metering {
    type Msg = MeteringMessage;
    type State = HashMap<TenantId, Lease>;
    type Arguments = ();

    async fn pre_start(
        &self,
        _myself: ActorRef<Self::Msg>,
        (): Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        Ok(HashMap::new())
    }

    async fn handle(
        &self,
        _myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        waiting: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            MeteringMessage::Recorded(lease) => {
                waiting.insert(lease.tenant_id, lease);
            }
            MeteringMessage::WindowEnds => {
                if !waiting.is_empty() {
                    kill_point::hit(KillPoint::K9RecordedNotFolded);
                }
                for (tenant, lease) in waiting.drain() {
                    match self.fold(&lease).await {
                        // After a fence the new owner folds.
                        Ok(()) | Err(StoreError::Fenced(_)) => {}
                        Err(error) => {
                            tracing::error!(tenant.id = %tenant, error = %error, "usage not folded");
                        }
                    }
                }
            }
        }
        Ok(())
    }
}
