//! Platform deliveries: verify → cut → store → acknowledge → wake.

use crate::connections::{OpenError, Opened};
use crate::lanes::LanePermit;
use crate::shared::Shared;
use crate::tenants::{Arrival, TenantsHandle};
use async_trait::async_trait;
use futures::future::try_join_all;
use rookery_domain::channel::ChannelKind;
use rookery_domain::id::{ConnectionId, InboxId, TenantId};
use rookery_domain::inbox::{Appended, InboxRow, NewInbound};
use rookery_domain::kill_point::{self, KillPoint};
use rookery_domain::ports::{
    Envelope, IngestError, Ingestion, RawRequest, StoreError, Submission, Submitted,
};
use std::sync::Arc;

/// The implementation of the ingestion port.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    pub(super) shared: Shared,
    tenants: TenantsHandle,
}

impl Door {
    pub(crate) const fn new(shared: Shared, tenants: TenantsHandle) -> Self {
        Self { shared, tenants }
    }

    /// Stores what a polled platform handed over, waiting for room in the tenant's lane.
    pub(crate) async fn take_polled(
        &self,
        opened: &Opened,
        envelopes: Vec<Envelope>,
    ) -> Result<(), StoreError> {
        let tenant = opened.connection.tenant_id;
        for envelope in envelopes {
            let Some(permit) = self.shared.lanes.wait(tenant).await else {
                return Ok(());
            };
            self.store(self.row(opened, envelope), permit).await?;
        }
        Ok(())
    }

    fn row(&self, opened: &Opened, envelope: Envelope) -> NewInbound {
        NewInbound {
            tenant_id: opened.connection.tenant_id,
            id: InboxId::generate(self.shared.services.ids.as_ref()),
            connection_id: opened.connection.id,
            channel: opened.connection.channel.clone(),
            dedupe_key: envelope.dedupe_key,
            raw: envelope.raw,
            received_at: self.shared.services.clock.now(),
        }
    }

    /// Makes a row durable and hands it to the tenant's overseer.
    pub(super) async fn store(
        &self,
        row: NewInbound,
        permit: LanePermit,
    ) -> Result<Appended, StoreError> {
        let self_tenant = row.tenant_id;
        let appended = self.shared.services.inbox.append(row.clone()).await?;
        kill_point::hit(KillPoint::K2InboxCommitted);
        match appended {
            Appended::Stored => {
                let row = InboxRow {
                    inbound: row,
                    attempts: 0,
                    outcome: None,
                    turn_id: None,
                    error: None,
                    done_at: None,
                };
                self.tenants.arrived(Arrival { row, permit });
                metrics::counter!("rookery_inbound_stored_total").increment(1);
            }
            Appended::Duplicate(_) => {
                // The first delivery may have been stored by a request that did not live to say so.
                self.tenants.marked(vec![self_tenant]);
                metrics::counter!("rookery_inbound_duplicates_total").increment(1);
            }
        }
        Ok(appended)
    }

    pub(super) fn busy(&self) -> IngestError {
        metrics::counter!("rookery_inbound_refused_busy_total").increment(1);
        IngestError::Busy { retry_after: self.shared.settings.busy_retry_after }
    }

    pub(super) fn refused_by_store(&self, error: &StoreError) -> IngestError {
        tracing::warn!(error = %error, "inbound not stored");
        IngestError::Unavailable { retry_after: self.shared.settings.busy_retry_after }
    }

    async fn opened(&self, tenant: TenantId, id: ConnectionId) -> Result<Arc<Opened>, IngestError> {
        self.shared.connections.open(tenant, id).await.map_err(|error| match error {
            OpenError::Store(error) => self.refused_by_store(&error),
            OpenError::Unknown => IngestError::UnknownConnection,
            OpenError::Settings(reason) => {
                tracing::error!(connection.id = %id, reason, "connection refused to start");
                IngestError::Unauthorized
            }
        })
    }
}

#[async_trait]
impl Ingestion for Door {
    async fn hook(
        &self,
        channel: &ChannelKind,
        connection: ConnectionId,
        request: RawRequest,
    ) -> Result<(), IngestError> {
        let tenant = self
            .shared
            .services
            .directory
            .connection_tenant(connection)
            .await
            .map_err(|error| self.refused_by_store(&error))?
            .ok_or(IngestError::UnknownConnection)?;
        let opened = self.opened(tenant, connection).await?;
        if opened.connection.channel != *channel {
            return Err(IngestError::UnknownConnection);
        }
        let envelopes =
            opened.halves.ingress.accept(&request).map_err(|_refused| IngestError::Unauthorized)?;
        kill_point::hit(KillPoint::K1Accepted);
        let permits =
            self.shared.lanes.admit(tenant, envelopes.len()).ok_or_else(|| self.busy())?;
        let stores = envelopes
            .into_iter()
            .zip(permits)
            .map(|(envelope, permit)| self.store(self.row(&opened, envelope), permit));
        try_join_all(stores).await.map_err(|error| self.refused_by_store(&error))?;
        Ok(())
    }

    async fn submit(&self, submission: Submission) -> Result<Submitted, IngestError> {
        self.take_submission(submission).await
    }
}
