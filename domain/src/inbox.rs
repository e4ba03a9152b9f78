//! The inbound row: raw bytes first, an outcome always.

use crate::channel::ChannelKind;
use crate::id::{ConnectionId, InboxId, TenantId, TurnId};
use crate::time::Timestamp;
use bytes::Bytes;

/// What ingress asks the store to keep before anything is acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewInbound {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// The row's id, given by ingress.
    pub id: InboxId,
    /// Through which connection.
    pub connection_id: ConnectionId,
    /// The platform, for replay without the connection.
    pub channel: ChannelKind,
    /// Unique per tenant and connection: a redelivery has the same.
    pub dedupe_key: String,
    /// The verified bytes as they arrived.
    pub raw: Bytes,
    /// When they arrived.
    pub received_at: Timestamp,
}

/// What the store did with an inbound row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// It is durable now.
    Stored,
    /// The same delivery was stored before; no second effect. Names the first row.
    Duplicate(InboxId),
}

/// An inbound row that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxRow {
    /// What was stored.
    pub inbound: NewInbound,
    /// How often a turn over it crashed.
    pub attempts: u32,
    /// How it ended, once it has.
    pub outcome: Option<Outcome>,
    /// The turn that dealt with it.
    pub turn_id: Option<TurnId>,
    /// Why it is dead, when it is.
    pub error: Option<String>,
    /// When it ended.
    pub done_at: Option<Timestamp>,
}

/// How an inbound row ended. Every row ends with one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// A turn replied to it.
    Answered,
    /// It became part of a turn that another row started.
    Merged,
    /// A newer message took its place.
    Superseded,
    /// It was a command and was executed.
    Command,
    /// Policy says nothing is done with it (not addressed, a bot, an unknown kind).
    Ignored,
    /// It is a dead letter.
    Dead,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 6] =
        [Self::Answered, Self::Merged, Self::Superseded, Self::Command, Self::Ignored, Self::Dead];

    /// As it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Merged => "merged",
            Self::Superseded => "superseded",
            Self::Command => "command",
            Self::Ignored => "ignored",
            Self::Dead => "dead",
        }
    }

    /// From its stored form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == text)
    }
}

/// What of a tenant's inbox is forgotten on purpose, in small steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purge {
    /// Rows received before this lose their raw payload (a dead letter can then no longer be
    /// replayed).
    pub raw_before: Timestamp,
    /// Rows received before this go altogether: a redelivery would count as new. Not after
    /// `raw_before`.
    pub rows_before: Timestamp,
    /// Rows looked at in one step.
    pub step_rows_max: u32,
    /// Where the step before ended.
    pub after: Option<InboxId>,
}

/// An inbound row with its end, to be written in a fenced transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// Which row.
    pub id: InboxId,
    /// How it ended.
    pub outcome: Outcome,
    /// Why, for dead letters.
    pub error: Option<String>,
}
