//! The parts and what each is made of.

use super::changes::{OUTBOX_CHANGES, SESSION_RAISES, SETTLEMENTS, TURN_ENDS};
use super::inserts::{
    AUDIT, CONTACTS, INBOX, MESSAGES, OUTBOX, SESSIONS, STEPS, TURNS, USAGE, WAKE,
};
use super::lookups::{
    FENCES, FIRST_INBOX, HISTORY, KNOWN_AUDIT, OUTBOX_STATES, RUNNING_TURNS, TURN_STATES,
};

/// The type of an input column.
#[derive(Debug, Clone, Copy)]
pub(in crate::path) enum Kind {
    Uuid,
    Int,
    Text,
    Bytes,
    Flag,
}

/// One statement over a set of rows. The order is the order in which SQLite runs them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::path) enum Part {
    Fences,
    TurnEnds,
    Inbox,
    Wake,
    Contacts,
    Sessions,
    SessionRaises,
    Messages,
    Turns,
    RunningTurns,
    Steps,
    Settlements,
    Outbox,
    OutboxChanges,
    Usage,
    History,
    FirstInbox,
    TurnStates,
    OutboxStates,
    KnownAudit,
    Audit,
}

/// What a part is made of.
#[derive(Debug)]
pub(in crate::path) struct Definition {
    pub(in crate::path) name: &'static str,
    pub(in crate::path) columns: &'static [(&'static str, Kind)],
    /// PostgreSQL's own wording, where a join would leave it to the planner how rows are found.
    pub(in crate::path) postgres: Option<&'static str>,
    pub(in crate::path) body: &'static str,
    pub(in crate::path) reports: bool,
}

/// Every guarded part has this column last: the turn it depends on, if any.
pub(in crate::path) const GUARD_COLUMN: &str = "in_guard";

impl Part {
    pub(in crate::path) const fn definition(self) -> &'static Definition {
        match self {
            Self::Fences => &FENCES,
            Self::TurnEnds => &TURN_ENDS,
            Self::Inbox => &INBOX,
            Self::Wake => &WAKE,
            Self::Contacts => &CONTACTS,
            Self::Sessions => &SESSIONS,
            Self::SessionRaises => &SESSION_RAISES,
            Self::Messages => &MESSAGES,
            Self::Turns => &TURNS,
            Self::RunningTurns => &RUNNING_TURNS,
            Self::Steps => &STEPS,
            Self::Settlements => &SETTLEMENTS,
            Self::Outbox => &OUTBOX,
            Self::OutboxChanges => &OUTBOX_CHANGES,
            Self::Usage => &USAGE,
            Self::History => &HISTORY,
            Self::FirstInbox => &FIRST_INBOX,
            Self::TurnStates => &TURN_STATES,
            Self::OutboxStates => &OUTBOX_STATES,
            Self::KnownAudit => &KNOWN_AUDIT,
            Self::Audit => &AUDIT,
        }
    }

    /// Input columns.
    pub(in crate::path) const fn width(self) -> usize {
        self.definition().columns.len()
    }

    /// Whether only the tenant's owner may do it: any process takes arrivals and looks things up.
    pub(in crate::path) const fn needs_lease(self) -> bool {
        !matches!(
            self,
            Self::Inbox
                | Self::Wake
                | Self::FirstInbox
                | Self::TurnStates
                | Self::OutboxStates
                | Self::KnownAudit
        )
    }

    /// Whether its rows may depend on a turn that ends in the same statement.
    pub(in crate::path) fn is_guarded(self) -> bool {
        self.definition().columns.last().is_some_and(|(name, _)| *name == GUARD_COLUMN)
    }
}
