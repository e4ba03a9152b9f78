//! One attempt: wait for the platform's limits, record that it begins, make the call, record what
//! is known of it.

use super::decide::{AttemptLimits, Next, RepeatPolicy, after_attempt, after_crash, next_of};
use crate::connections::Opened;
use crate::patience::patiently;
use crate::shared::{Shared, jittered_backoff};
use rookery_domain::agent::OnAmbiguous;
use rookery_domain::kill_point::{self, KillPoint};
use rookery_domain::outbox::{OutboxChange, OutboxRow, OutboxStep};
use rookery_domain::ownership::Lease;
use rookery_domain::ports::{DeliveryError, StoreError};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// What attempts of one connection need.
#[derive(Debug, Clone)]
pub(crate) struct Courier {
    pub(crate) shared: Shared,
    pub(crate) lease: Lease,
    pub(crate) opened: Arc<Opened>,
    pub(crate) on_ambiguous: OnAmbiguous,
    /// Sends at the same time. Waiting for a flooded chat takes no place from the others.
    pub(crate) places: Arc<Semaphore>,
}

impl Courier {
    /// Makes one attempt and records it.
    pub(crate) async fn attempt(&self, mut row: OutboxRow) -> Next {
        match self.newest().await.try_once(&mut row).await {
            Ok(next) => next,
            Err(StoreError::Fenced(_)) => Next::Fenced,
            Err(error) => Next::Lost(error.to_string()),
        }
    }

    /// With the connection as it is configured now: a replaced token helps rows that wait.
    async fn newest(&self) -> Self {
        let connection = &self.opened.connection;
        let open = self.shared.connections.open(connection.tenant_id, connection.id).await;
        Self { opened: open.unwrap_or_else(|_keep| Arc::clone(&self.opened)), ..self.clone() }
    }

    async fn try_once(&self, row: &mut OutboxRow) -> Result<Next, StoreError> {
        let clock = &self.shared.services.clock;
        if let Some(step) = after_crash(row, self.policy_after_crash(row), clock.now()) {
            self.record(row, step.clone()).await?;
            return Ok(next_of(&step, None, false));
        }
        let delivery = &self.opened.halves.delivery;
        delivery.ready(&row.target).await;
        // It is never closed.
        let _place = self.places.acquire().await;
        self.record(row, OutboxStep::Sending).await?;
        row.attempts += 1;
        let limit = self.shared.settings.delivery_time_limit;
        let mut edited = false;
        let result = tokio::time::timeout(limit, self.call(row, &mut edited))
            .await
            .unwrap_or_else(|_| Err(DeliveryError::Unknown("no answer in time".to_owned())));
        // The message that was to be edited may be gone: then this was a send like any other.
        let policy = RepeatPolicy {
            harmless: edited || self.is_idempotent(),
            on_ambiguous: self.on_ambiguous,
        };
        if result.is_ok() {
            kill_point::hit(KillPoint::K8SentNotRecorded);
        }
        // Being told to wait says nothing against the row.
        let counted = !matches!(result, Err(DeliveryError::RateLimited(_)));
        let limits = self.limits(row.attempts);
        let (step, target) = after_attempt(row, result, policy, limits, clock.now());
        self.log(row, &step);
        self.record(row, step.clone()).await?;
        Ok(next_of(&step, target, counted))
    }

    /// A row that finishes a growing message edits it; where that message is gone it is sent anew.
    /// `edited` says which of the two the result speaks of.
    async fn call(
        &self,
        row: &OutboxRow,
        edited: &mut bool,
    ) -> Result<Option<String>, DeliveryError> {
        let halves = &self.opened.halves;
        if let (Some(message), Some(edits)) = (&row.content.finishes, &halves.edits) {
            *edited = true;
            match edits.edit(&row.target, message, &row.content.part).await {
                Ok(()) => return Ok(Some(message.clone())),
                Err(DeliveryError::Refused(reason)) => {
                    tracing::debug!(reason, "the growing message cannot be edited");
                }
                Err(error) => return Err(error),
            }
        }
        *edited = false;
        halves.delivery.send(&row.target, &row.content.part, row.id).await
    }

    fn is_idempotent(&self) -> bool {
        self.opened.halves.delivery.capabilities().idempotent_send
    }

    /// Of a row that finishes a growing message nobody knows whether it was edited, which may be
    /// repeated without harm, or sent anew. It is repeated, and declared.
    fn policy_after_crash(&self, row: &OutboxRow) -> RepeatPolicy {
        let finishes = row.content.finishes.is_some();
        RepeatPolicy {
            harmless: self.is_idempotent(),
            on_ambiguous: if finishes { OnAmbiguous::Resend } else { self.on_ambiguous },
        }
    }

    fn limits(&self, attempts: u32) -> AttemptLimits {
        let settings = &self.shared.settings;
        let backoff = jittered_backoff(
            self.shared.services.ids.as_ref(),
            attempts,
            settings.delivery_backoff,
            settings.delivery_backoff_max,
        );
        AttemptLimits { attempts_max: settings.delivery_attempts_max, backoff }
    }

    async fn record(&self, row: &OutboxRow, step: OutboxStep) -> Result<(), StoreError> {
        let change = OutboxChange { id: row.id, step };
        let at = self.shared.services.clock.now();
        let outbox = self.shared.services.outbox.as_ref();
        patiently(&self.shared, || outbox.change(&self.lease, change.clone(), at)).await
    }

    fn log(&self, row: &OutboxRow, step: &OutboxStep) {
        let outcome = match step {
            OutboxStep::Sent { .. } => "sent",
            OutboxStep::Retry { .. } => "retry",
            OutboxStep::Unknown { .. } => "ambiguous",
            OutboxStep::Dead { .. } => "dead",
            OutboxStep::Sending => "sending",
        };
        metrics::counter!("rookery_sends_total", "outcome" => outcome).increment(1);
        let (OutboxStep::Retry { error, .. }
        | OutboxStep::Unknown { error, .. }
        | OutboxStep::Dead { error }) = step
        else {
            return;
        };
        tracing::warn!(
            tenant.id = %row.tenant_id,
            outbox.id = %row.id,
            channel.kind = %self.opened.connection.channel,
            attempts = row.attempts,
            outcome,
            error,
            "a send did not succeed"
        );
    }
}
