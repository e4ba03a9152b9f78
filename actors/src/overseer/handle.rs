//! What others may ask of an overseer.

use super::message::{OverseerMessage, Settled, TurnRetry};
use crate::subagent::TurnReport;
use crate::tenants::Arrival;
use ractor::ActorRef;
use ractor::rpc::CallResult;
use rookery_domain::id::{ConnectionId, SessionId};
use rookery_domain::notice::Notice;
use std::time::Duration;

/// How long a running turn waits for its tokens.
const RESERVE_TIME_LIMIT: Duration = Duration::from_secs(10);

/// A cheap handle.
#[derive(Debug, Clone)]
pub(crate) struct OverseerHandle(ActorRef<OverseerMessage>);

/// The overseer did not answer: it is gone or stuck.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the overseer does not answer")]
pub(crate) struct OverseerGone;

impl OverseerHandle {
    pub(super) const fn new(actor: ActorRef<OverseerMessage>) -> Self {
        Self(actor)
    }

    pub(crate) fn arrived(&self, arrival: Arrival) {
        self.cast(OverseerMessage::Arrived(arrival));
    }

    pub(crate) fn look(&self) {
        self.cast(OverseerMessage::Look);
    }

    pub(crate) fn refresh(&self) {
        self.cast(OverseerMessage::Refresh);
    }

    pub(crate) fn tick(&self) {
        self.cast(OverseerMessage::Tick);
    }

    pub(crate) fn hibernate(&self) {
        self.cast(OverseerMessage::Hibernate);
    }

    pub(crate) fn drain(&self) {
        self.cast(OverseerMessage::Drain);
    }

    pub(crate) fn turn_ended(&self, report: TurnReport) {
        self.cast(OverseerMessage::TurnEnded(Box::new(report)));
    }

    pub(super) fn turn_retry(&self, retry: TurnRetry) {
        self.cast(OverseerMessage::TurnRetry(Box::new(retry)));
    }

    pub(super) fn settled(&self, settled: Settled) {
        self.cast(OverseerMessage::Settled(settled));
    }

    pub(crate) fn rows_settled(&self, connection: ConnectionId, rows: usize) {
        self.cast(OverseerMessage::RowsSettled { connection, rows });
    }

    pub(crate) fn fenced(&self) {
        self.cast(OverseerMessage::Fenced);
    }

    pub(crate) fn store_lost(&self, reason: String) {
        self.cast(OverseerMessage::StoreLost(reason));
    }

    /// Reserves tokens before a model call; a notice says why not.
    pub(crate) async fn reserve_tokens(
        &self,
        session: SessionId,
        tokens: u64,
    ) -> Result<Option<Notice>, OverseerGone> {
        let asked = self
            .0
            .call(
                |reply| OverseerMessage::ReserveTokens { session, tokens, reply },
                Some(RESERVE_TIME_LIMIT),
            )
            .await;
        match asked {
            Ok(CallResult::Success(refusal)) => Ok(refusal),
            _ => Err(OverseerGone),
        }
    }

    fn cast(&self, message: OverseerMessage) {
        if self.0.cast(message).is_err() {
            tracing::debug!("the overseer is gone");
        }
    }
}
