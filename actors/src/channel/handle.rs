//! What others may ask of a channel actor.

use super::message::ChannelMessage;
use crate::connections::Opened;
use ractor::ActorRef;
use ractor::rpc::CallResult;
use rookery_domain::agent::OnAmbiguous;
use rookery_domain::id::SessionId;
use rookery_domain::outbox::OutboxRow;
use std::sync::Arc;
use std::time::Duration;

/// How long a question to a channel actor may take.
const CALL_TIME_LIMIT: Duration = Duration::from_secs(2);

/// A cheap handle.
#[derive(Debug, Clone)]
pub(crate) struct ChannelHandle(ActorRef<ChannelMessage>);

impl ChannelHandle {
    pub(super) const fn new(actor: ActorRef<ChannelMessage>) -> Self {
        Self(actor)
    }

    /// Sends rows, in order. They are durable: a lost message is found again by a restart.
    pub(crate) fn enqueue(&self, rows: Vec<OutboxRow>) {
        self.cast(ChannelMessage::Enqueue(rows));
    }

    /// Registers and fetches under another configuration.
    pub(crate) fn relink(&self, opened: Arc<Opened>, on_ambiguous: OnAmbiguous) {
        self.cast(ChannelMessage::Relink(opened, on_ambiguous));
    }

    /// Stops fetching.
    pub(crate) fn stop_polling(&self) {
        self.cast(ChannelMessage::StopPolling);
    }

    /// Ends the actor. Only without rows.
    pub(crate) fn stop(&self) {
        self.0.stop(Some("idle".to_owned()));
    }

    /// Whether nothing of a session waits; `false` when nobody answers.
    pub(crate) async fn session_is_idle(&self, session: SessionId) -> bool {
        let asked = self
            .0
            .call(|reply| ChannelMessage::IsIdle { session, reply }, Some(CALL_TIME_LIMIT))
            .await;
        matches!(asked, Ok(CallResult::Success(true)))
    }

    fn cast(&self, message: ChannelMessage) {
        if self.0.cast(message).is_err() {
            tracing::debug!("the channel actor is gone");
        }
    }
}
