//! The outbound row: one platform call, with a state that never claims more than is known.

use crate::id::{ConnectionId, InboxId, OutboxId, SessionId, TenantId, TurnId};
use crate::message::{Reply, ReplyTarget};
use crate::time::Timestamp;

/// One outbound platform call.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxRow {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Its id; also the idempotency key where the platform takes one.
    pub id: OutboxId,
    /// Of which session.
    pub session_id: SessionId,
    /// Through which connection.
    pub connection_id: ConnectionId,
    /// The turn that made it; absent for command replies.
    pub turn_id: Option<TurnId>,
    /// The inbound row it answers.
    pub inbox_id: Option<InboxId>,
    /// Order within the session.
    pub seq: i64,
    /// Where it goes.
    pub target: ReplyTarget,
    /// What is said: the whole text of a pulled channel, one rendered part elsewhere.
    pub content: OutboxContent,
    /// Where it stands.
    pub status: OutboxStatus,
    /// Sends begun.
    pub attempts: u32,
    /// Not before this time.
    pub next_attempt_at: Timestamp,
    /// An earlier send of it ended unknown: a repeat is possible and declared.
    pub was_ambiguous: bool,
    /// The platform's id of the sent message.
    pub platform_message_id: Option<String>,
    /// The last failure, without secrets.
    pub error: Option<String>,
    /// When it was committed.
    pub created_at: Timestamp,
    /// When it was recorded as sent.
    pub sent_at: Option<Timestamp>,
}

/// What an outbox row carries.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct OutboxContent {
    /// The reply this row is (a part of), as text for people and for the API.
    pub reply: Reply,
    /// The adapter's rendering of this part; `null` on pulled channels.
    #[serde(default)]
    pub part: serde_json::Value,
    /// The streamed message that this row finishes by an edit, if one was opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finishes: Option<String>,
}

/// Where an outbound row stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OutboxStatus {
    /// Committed, not begun.
    Pending,
    /// A send was begun; found like this after a crash, its outcome is unknown.
    Sending,
    /// The platform took it.
    Sent,
    /// The outcome is unknown and policy says not to repeat it.
    Ambiguous,
    /// It will not be sent; see the error.
    Dead,
}

impl OutboxStatus {
    /// Every status.
    pub const ALL: [Self; 5] =
        [Self::Pending, Self::Sending, Self::Sent, Self::Ambiguous, Self::Dead];

    /// As it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Ambiguous => "ambiguous",
            Self::Dead => "dead",
        }
    }

    /// From its stored form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Whether nothing more will happen to the row.
    pub const fn is_settled(self) -> bool {
        matches!(self, Self::Sent | Self::Ambiguous | Self::Dead)
    }
}

/// A change of one outbound row, written in a fenced transaction.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxChange {
    /// Which row.
    pub id: OutboxId,
    /// What happened.
    pub step: OutboxStep,
}

/// What happened to an outbound row.
#[derive(Debug, Clone, PartialEq)]
pub enum OutboxStep {
    /// A send begins now.
    Sending,
    /// The platform took it.
    Sent {
        /// Its id there.
        platform_message_id: Option<String>,
    },
    /// It certainly did not happen and is tried again.
    Retry {
        /// Not before.
        at: Timestamp,
        /// Why.
        error: String,
    },
    /// Nobody knows whether it happened. Recorded in the audit log in the same transaction.
    Unknown {
        /// Why.
        error: String,
        /// `Some(time)`: repeat it then; `None`: stay silent.
        resend_at: Option<Timestamp>,
    },
    /// It will never be sent.
    Dead {
        /// Why.
        error: String,
    },
}
