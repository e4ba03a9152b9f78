//! What a channel actor is told.

use super::decide::Next;
use crate::connections::Opened;
use ractor::RpcReplyPort;
use rookery_domain::agent::OnAmbiguous;
use rookery_domain::id::{OutboxId, SessionId};
use rookery_domain::outbox::OutboxRow;
use std::sync::Arc;

/// Messages of a channel actor.
#[derive(Debug)]
pub(crate) enum ChannelMessage {
    /// Register with the platform and start polling, where the connection does.
    Start,
    /// The connection has another configuration: register and poll under that.
    Relink(Arc<Opened>, OnAmbiguous),
    /// Rows to send, in order.
    Enqueue(Vec<OutboxRow>),
    /// An attempt ended and is recorded.
    Attempted { session: SessionId, row: OutboxId, next: Next },
    /// A waiting row may be tried again.
    Due(SessionId),
    /// Whether a session has nothing waiting.
    IsIdle { session: SessionId, reply: RpcReplyPort<bool> },
    /// Stop polling; what is under way goes on.
    StopPolling,
}

impl ractor::Message for ChannelMessage {}
