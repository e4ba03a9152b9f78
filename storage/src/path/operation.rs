//! A write on its way to a lane: its rows made ready in the caller's task, what it touches, and
//! what its answer depends on.

use super::part::Part;
use super::rows::Row;
use rookery_domain::Timestamp;
use rookery_domain::audit::AuditEntry;
use rookery_domain::id::{ConnectionId, InboxId, OutboxId, SessionId, TenantId, TurnId};
use rookery_domain::inbox::Appended;
use rookery_domain::outbox::OutboxStatus;
use rookery_domain::ownership::Lease;
use rookery_domain::session::Message;
use uuid::Uuid;

/// A write, ready for a lane.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) tenant: TenantId,
    /// Under what right; absent for what any node may do.
    pub(super) lease: Option<Lease>,
    /// Rows that no other operation of the same statement may touch.
    pub(super) touches: Vec<Uuid>,
    pub(super) rows: Vec<(Part, Row)>,
    pub(super) audit: Vec<AuditEntry>,
    pub(super) outcome: Outcome,
    /// Bytes of raw payload, for the queue's limit.
    pub(super) raw_bytes: usize,
}

impl Operation {
    /// Whether it may leave an entry in the audit log.
    pub(super) fn is_audited(&self) -> bool {
        let is_ambiguous =
            matches!(&self.outcome, Outcome::Changed(OutboxTransition { ambiguity: Some(_), .. }));
        is_ambiguous || !self.audit.is_empty()
    }
}

/// What the answer of a write depends on.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Nothing: it is done when it is committed.
    Done,
    /// Whether the row was new.
    Appended { id: InboxId, connection_id: ConnectionId, dedupe_key: String },
    /// The stored history, joined with the messages that the write itself adds.
    History { session_id: SessionId, floor_seq: i64, messages_max: usize, added: Vec<Message> },
    /// Whether the turn was running.
    Journalled { turn_id: TurnId },
    /// Whether the turn was running; ending an ended one again is done, without effect.
    Ended { turn_id: TurnId },
    /// Whether the row was in a state that can be left this way.
    Changed(OutboxTransition),
}

/// A change of an outbox row's status.
#[derive(Debug)]
pub(super) struct OutboxTransition {
    pub(super) id: OutboxId,
    /// Where it leads; found there already, the change was a repeat.
    pub(super) to: OutboxStatus,
    /// What the audit log is told if nobody knows whether the message arrived.
    pub(super) ambiguity: Option<Ambiguity>,
}

/// A send whose outcome is unknown.
#[derive(Debug)]
pub(super) struct Ambiguity {
    pub(super) error: String,
    pub(super) is_repeated: bool,
    pub(super) at: Timestamp,
}

/// What a lane answers.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    Done,
    Appended(Appended),
    History(Vec<Message>),
}
