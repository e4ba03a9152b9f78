//! Between the domain's types and their stored forms.

use crate::entity::{inbox, messages, outbox, sessions, turns};
use crate::error::unreadable;
use bytes::Bytes;
use rookery_domain::Timestamp;
use rookery_domain::id::{
    AgentId, ConnectionId, ContactId, InboxId, MessageId, OutboxId, RevisionId, SessionId,
    TenantId, TurnId,
};
use rookery_domain::inbox::{InboxRow, NewInbound, Outcome};
use rookery_domain::message::{Author, ConversationKind, ReplyTarget};
use rookery_domain::outbox::{OutboxRow, OutboxStatus};
use rookery_domain::ports::StoreError;
use rookery_domain::session::{Message, Session};
use rookery_domain::turn::{Turn, TurnState};

/// JSON as it is stored.
pub(super) fn to_json<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|error| StoreError::Broken(format!("a value cannot be stored as JSON: {error}")))
}

pub(super) fn from_json<T: serde::de::DeserializeOwned>(
    column: &'static str,
    text: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_error| unreadable(column))
}

/// A count as it is stored; what is beyond the column is stored as its greatest value.
pub(super) fn to_count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub(super) fn from_count(column: &'static str, count: i64) -> Result<u32, StoreError> {
    u32::try_from(count).map_err(|_error| unreadable(column))
}

pub(super) const fn author(author: Author) -> &'static str {
    match author {
        Author::User => "user",
        Author::Assistant => "assistant",
    }
}

pub(super) const fn conversation_kind(kind: ConversationKind) -> &'static str {
    match kind {
        ConversationKind::Direct => "direct",
        ConversationKind::Group => "group",
    }
}

pub(super) fn inbox_row(row: inbox::Model) -> Result<InboxRow, StoreError> {
    let outcome = match row.outcome.as_deref() {
        None => None,
        Some(text) => Some(Outcome::parse(text).ok_or_else(|| unreadable("outcome"))?),
    };
    Ok(InboxRow {
        inbound: NewInbound {
            tenant_id: TenantId::from_uuid(row.tenant_id),
            id: InboxId::from_uuid(row.id),
            connection_id: ConnectionId::from_uuid(row.connection_id),
            channel: row.channel.parse().map_err(|_error| unreadable("channel"))?,
            dedupe_key: row.dedupe_key,
            raw: Bytes::from(row.raw),
            received_at: Timestamp::from_millis(row.received_at),
        },
        attempts: from_count("attempts", row.attempts)?,
        outcome,
        turn_id: row.turn_id.map(TurnId::from_uuid),
        error: row.error,
        done_at: row.done_at.map(Timestamp::from_millis),
    })
}

pub(super) fn session(row: sessions::Model) -> Result<Session, StoreError> {
    let kind = match row.kind.as_str() {
        "direct" => ConversationKind::Direct,
        "group" => ConversationKind::Group,
        _ => return Err(unreadable("kind")),
    };
    Ok(Session {
        id: SessionId::from_uuid(row.id),
        connection_id: ConnectionId::from_uuid(row.connection_id),
        agent_id: AgentId::from_uuid(row.agent_id),
        conversation_key: row.conversation_key,
        kind,
        contact_id: row.contact_id.map(ContactId::from_uuid),
        last_seq: row.last_seq,
        context_floor_seq: row.context_floor_seq,
        last_active_at: Timestamp::from_millis(row.last_active_at),
    })
}

pub(super) fn message(row: messages::Model) -> Result<Message, StoreError> {
    let author = match row.author.as_str() {
        "user" => Author::User,
        "assistant" => Author::Assistant,
        _ => return Err(unreadable("author")),
    };
    let attachments = if row.attachments == NO_ATTACHMENTS {
        Vec::new()
    } else {
        from_json("attachments", &row.attachments)?
    };
    Ok(Message {
        id: MessageId::from_uuid(row.id),
        session_id: SessionId::from_uuid(row.session_id),
        seq: row.seq,
        author,
        text: row.text,
        attachments,
        sender_name: row.sender_name,
        inbox_id: row.inbox_id.map(InboxId::from_uuid),
        turn_id: row.turn_id.map(TurnId::from_uuid),
        created_at: Timestamp::from_millis(row.created_at),
    })
}

/// Most messages have none.
const NO_ATTACHMENTS: &str = "[]";

pub(super) fn turn(row: &turns::Model) -> Result<Turn, StoreError> {
    let reply_target: serde_json::Value = from_json("reply_target", &row.reply_target)?;
    Ok(Turn {
        tenant_id: TenantId::from_uuid(row.tenant_id),
        id: TurnId::from_uuid(row.id),
        session_id: SessionId::from_uuid(row.session_id),
        agent_id: AgentId::from_uuid(row.agent_id),
        revision_id: RevisionId::from_uuid(row.revision_id),
        inbox_ids: from_json("inbox_ids", &row.inbox_ids)?,
        reply_target: ReplyTarget(reply_target),
        state: TurnState::parse(&row.state).ok_or_else(|| unreadable("state"))?,
        attempt: from_count("attempt", row.attempt)?,
        started_at: Timestamp::from_millis(row.started_at),
    })
}

pub(super) fn outbox_row(row: outbox::Model) -> Result<OutboxRow, StoreError> {
    let target: serde_json::Value = from_json("target", &row.target)?;
    Ok(OutboxRow {
        tenant_id: TenantId::from_uuid(row.tenant_id),
        id: OutboxId::from_uuid(row.id),
        session_id: SessionId::from_uuid(row.session_id),
        connection_id: ConnectionId::from_uuid(row.connection_id),
        turn_id: row.turn_id.map(TurnId::from_uuid),
        inbox_id: row.inbox_id.map(InboxId::from_uuid),
        seq: row.seq,
        target: ReplyTarget(target),
        content: from_json("content", &row.content)?,
        status: OutboxStatus::parse(&row.status).ok_or_else(|| unreadable("status"))?,
        attempts: from_count("attempts", row.attempts)?,
        next_attempt_at: Timestamp::from_millis(row.next_attempt_at),
        was_ambiguous: row.was_ambiguous,
        platform_message_id: row.platform_message_id,
        error: row.error,
        created_at: Timestamp::from_millis(row.created_at),
        sent_at: row.sent_at.map(Timestamp::from_millis),
    })
}
