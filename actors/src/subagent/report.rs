//! How a turn ended, as its overseer is told.

use rookery_domain::id::{SessionId, TurnId};
use rookery_domain::outbox::OutboxRow;
use rookery_domain::usage::DayUsage;

/// The end of a turn.
#[derive(Debug)]
pub(crate) struct TurnReport {
    pub(crate) session: SessionId,
    pub(crate) turn_id: TurnId,
    pub(crate) end: TurnEnd,
}

/// What became of it.
#[derive(Debug)]
pub(crate) enum TurnEnd {
    /// It is committed; these rows are to be delivered.
    Committed { outbox: Vec<OutboxRow>, used: DayUsage },
    /// It is recorded as cancelled, and its messages wait for the next turn.
    /// `growing`: the platform's id of the message that showed its answer.
    Interrupted { used: DayUsage, growing: Option<String> },
    /// It panicked.
    Crashed(String),
    /// Somebody else owns the tenant.
    Fenced,
    /// It could not be written for too long.
    StoreLost(String),
}
