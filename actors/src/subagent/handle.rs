//! What an overseer may ask of a subagent.

use super::message::SubagentMessage;
use super::progress::CancelReason;
use ractor::ActorRef;

/// A cheap handle.
#[derive(Debug, Clone)]
pub(crate) struct SubagentHandle(ActorRef<SubagentMessage>);

impl SubagentHandle {
    pub(super) const fn new(actor: ActorRef<SubagentMessage>) -> Self {
        Self(actor)
    }

    /// Cancels the turn; its end is reported as usual.
    pub(crate) fn cancel(&self, reason: CancelReason) {
        self.cast(SubagentMessage::Cancel(reason));
    }

    /// Makes it look at its limits.
    pub(crate) fn check(&self) {
        self.cast(SubagentMessage::Check);
    }

    fn cast(&self, message: SubagentMessage) {
        if self.0.cast(message).is_err() {
            tracing::debug!("the subagent is gone");
        }
    }
}
