//! What an overseer is told.

use super::state::Item;
use crate::subagent::TurnReport;
use crate::tenants::Arrival;
use ractor::RpcReplyPort;
use rookery_domain::id::{ConnectionId, InboxId, SessionId};
use rookery_domain::notice::Notice;
use rookery_domain::outbox::OutboxRow;
use rookery_domain::turn::UnfinishedTurn;

/// Messages of an overseer.
#[derive(Debug)]
pub(crate) enum OverseerMessage {
    /// Claim the tenant and read everything from the store; always the first message.
    Recover,
    /// A row is durable.
    Arrived(Arrival),
    /// The store marks the tenant as having work; look for rows nobody told us of.
    Look,
    /// The configuration changed.
    Refresh,
    /// Look at the deadlines.
    Tick,
    /// A held message has waited long enough.
    HeldLongEnough(SessionId),
    /// Rows about which nothing is done have waited long enough for others.
    EndIgnored,
    /// A running turn asks for tokens.
    ReserveTokens { session: SessionId, tokens: u64, reply: RpcReplyPort<Option<Notice>> },
    /// A turn ended.
    TurnEnded(Box<TurnReport>),
    /// A crashed turn is to go on.
    TurnRetry(Box<TurnRetry>),
    /// Rows that ended without a turn are written.
    Settled(Settled),
    /// A channel actor is done with this many rows.
    RowsSettled { connection: ConnectionId, rows: usize },
    /// A write was refused because somebody else owns the tenant.
    Fenced,
    /// A write could not be made for too long.
    StoreLost(String),
    /// Stop; nothing was sent since.
    Hibernate,
    /// Finish what runs, start nothing new, then stop.
    Drain,
}

impl OverseerMessage {
    /// Whether it is counted on both sides, to tell one that is under way when hibernating.
    pub(crate) const fn is_arrival(&self) -> bool {
        matches!(self, Self::Arrived(_) | Self::Look | Self::Refresh)
    }
}

impl ractor::Message for OverseerMessage {}

/// Rows that ended without a turn.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) ids: Vec<InboxId>,
    /// The session that waited for them: its crashed turn was judged, or a command ended.
    pub(crate) waiting: Option<SessionId>,
    /// Their replies, to be delivered.
    pub(crate) outbox: Vec<OutboxRow>,
}

/// A crashed turn that is to go on.
#[derive(Debug)]
pub(crate) struct TurnRetry {
    pub(crate) session: SessionId,
    pub(crate) items: Vec<Item>,
    /// As recorded; `None` when it crashed before it was.
    pub(crate) unfinished: Option<UnfinishedTurn>,
}
