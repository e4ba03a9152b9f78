//! One conversation of a contact with an agent, and its transcript.

use crate::id::{AgentId, ConnectionId, ContactId, InboxId, MessageId, SessionId, TurnId};
use crate::message::{Author, ConversationKind};
use crate::time::Timestamp;

/// A session as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Derived from tenant, connection and conversation key.
    pub id: SessionId,
    /// Through which connection.
    pub connection_id: ConnectionId,
    /// Who answers.
    pub agent_id: AgentId,
    /// The platform's own name of the conversation.
    pub conversation_key: String,
    /// One person or many.
    pub kind: ConversationKind,
    /// The person, in a direct conversation.
    pub contact_id: Option<ContactId>,
    /// The highest sequence number given out: messages and outbox rows share one counter.
    pub last_seq: i64,
    /// Messages up to this number are no longer context (`/new`).
    pub context_floor_seq: i64,
    /// When something last happened.
    pub last_active_at: Timestamp,
}

/// A contact as the turn writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// Derived from tenant, connection and platform user id.
    pub id: ContactId,
    /// Where the person was met.
    pub connection_id: ConnectionId,
    /// The platform's id.
    pub platform_user_id: String,
    /// As shown to others.
    pub display_name: Option<String>,
    /// Language tag.
    pub locale: Option<String>,
}

/// One stored message.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Of which session.
    pub session_id: SessionId,
    /// Order within the session.
    pub seq: i64,
    /// Who said it.
    pub author: Author,
    /// What was said.
    pub text: String,
    /// Attachments, as JSON of [`crate::message::Attachment`], empty when there are none.
    pub attachments: Vec<crate::message::Attachment>,
    /// The sender's display name, in groups.
    pub sender_name: Option<String>,
    /// The inbound row it came from.
    pub inbox_id: Option<InboxId>,
    /// The turn it belongs to.
    pub turn_id: Option<TurnId>,
    /// When it was stored.
    pub created_at: Timestamp,
}
