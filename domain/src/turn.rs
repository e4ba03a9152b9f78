//! A turn: everything from inbound messages to the reply, with its journal.

use crate::audit::AuditEntry;
use crate::id::{AgentId, InboxId, RevisionId, SessionId, TenantId, TurnId};
use crate::inbox::Settlement;
use crate::message::ReplyTarget;
use crate::model::{ToolCall, Usage};
use crate::outbox::OutboxRow;
use crate::session::{Contact, Message, Session};
use crate::time::Timestamp;
use crate::usage::UsageEvent;

/// A turn as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Its id.
    pub id: TurnId,
    /// Of which session.
    pub session_id: SessionId,
    /// By which agent.
    pub agent_id: AgentId,
    /// Under which revision of it.
    pub revision_id: RevisionId,
    /// The rows it answers, oldest first. Its reply target comes from the newest.
    pub inbox_ids: Vec<InboxId>,
    /// Where the reply goes.
    pub reply_target: ReplyTarget,
    /// Where it stands.
    pub state: TurnState,
    /// Starts with 1; rises with every resume after a crash.
    pub attempt: u32,
    /// When it was first begun.
    pub started_at: Timestamp,
}

/// Where a turn stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TurnState {
    /// Recorded, and being worked on by the tenant's owner.
    Running,
    /// Replied.
    Completed,
    /// Ended with a notice to the person.
    Failed,
    /// Stopped by `/stop` or by a newer message.
    Cancelled,
}

impl TurnState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Running, Self::Completed, Self::Failed, Self::Cancelled];

    /// As it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// From its stored form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// What is written before the first model call, in one fenced transaction.
#[derive(Debug, Clone, PartialEq)]
pub struct TurnBegin {
    /// The turn.
    pub turn: Turn,
    /// The session, created if it is new; `last_seq` is raised to the given one.
    pub session: Session,
    /// The person, created or refreshed; absent when already known unchanged.
    pub contact: Option<Contact>,
    /// The messages that the turn answers, or that are context only.
    pub messages: Vec<Message>,
    /// Rows that end here already (merged, context only).
    pub settlements: Vec<Settlement>,
    /// How much of the newest stored history to read back in the same transaction.
    pub history_messages_max: u32,
}

/// A journal entry.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum TurnStep {
    /// The model answered with tool calls.
    Completion {
        /// Text that came with them.
        text: String,
        /// The calls.
        tool_calls: Vec<ToolCall>,
        /// What it cost.
        usage: Usage,
        /// `provider/model` that answered.
        model: String,
    },
    /// A tool is about to run. Without a result behind it, its outcome is unknown.
    ToolStarted {
        /// Which call.
        call_id: String,
    },
    /// A tool ran.
    ToolResult {
        /// Which call.
        call_id: String,
        /// Its name.
        name: String,
        /// What the model is told.
        content: String,
    },
    /// A message that shows the answer as it grows is about to be opened on the platform. Without
    /// its id behind it, nobody knows whether it was.
    StreamOpening,
    /// A message that shows the answer as it grows was opened on the platform.
    StreamOpened {
        /// The platform's id of it.
        platform_message_id: String,
    },
}

/// A turn that was found running after a restart, with its journal in order.
#[derive(Debug, Clone, PartialEq)]
pub struct UnfinishedTurn {
    /// The turn.
    pub turn: Turn,
    /// Its session as stored.
    pub session: Session,
    /// What it did so far, in order.
    pub steps: Vec<TurnStep>,
    /// The index of its next step. Not always the number of steps: two may be written at the same
    /// time, and only the later one be stored.
    pub next_index: u32,
}

/// The end of a turn, in one fenced transaction: reply, outbox, usage, inbox, session.
#[derive(Debug, Clone, PartialEq)]
pub struct TurnCommit {
    /// Which turn.
    pub turn_id: TurnId,
    /// Of which session.
    pub session_id: SessionId,
    /// How it ended.
    pub state: TurnState,
    /// The stable notice code when it failed.
    pub error_code: Option<String>,
    /// The assistant's message, if it said something.
    pub message: Option<Message>,
    /// What is to be sent.
    pub outbox: Vec<OutboxRow>,
    /// What it used.
    pub usage: Vec<UsageEvent>,
    /// How its inbound rows ended.
    pub settlements: Vec<Settlement>,
    /// The session's counter afterwards.
    pub last_seq: i64,
    /// What an auditor should see.
    pub audit: Vec<AuditEntry>,
    /// When.
    pub at: Timestamp,
}

/// Rows that end without a turn (commands, ignored, dead), with what they say.
#[derive(Debug, Clone, PartialEq)]
pub struct InboxSettle {
    /// The session, created if new; absent for rows that no session can be derived from.
    pub session: Option<Session>,
    /// The person, likewise.
    pub contact: Option<Contact>,
    /// Context-only messages to keep.
    pub messages: Vec<Message>,
    /// How the rows ended.
    pub settlements: Vec<Settlement>,
    /// Replies to commands, notices.
    pub outbox: Vec<OutboxRow>,
    /// What an auditor should see.
    pub audit: Vec<AuditEntry>,
    /// When.
    pub at: Timestamp,
}
