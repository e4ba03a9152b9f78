//! Where a reply goes.

use rookery_domain::message::{ConversationKind, ReplyTarget};
use rookery_domain::ports::DeliveryError;
use teloxide_core::types::{ChatId, MessageId, Recipient, ThreadId};

/// A chat, a topic in it, and the message that is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Target {
    /// The chat.
    pub(super) chat_id: i64,
    /// The forum topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) thread_id: Option<i32>,
    /// The message that is answered; in groups only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reply_to: Option<i32>,
    /// One person or many.
    pub(super) kind: ConversationKind,
}

impl Target {
    /// From what the host kept.
    pub(super) fn read(target: &ReplyTarget) -> Result<Self, DeliveryError> {
        serde::Deserialize::deserialize(&target.0).map_err(|error| {
            DeliveryError::Refused(format!("not a target of this channel: {error}"))
        })
    }

    /// For the host to keep.
    pub(super) fn to_reply_target(self) -> ReplyTarget {
        ReplyTarget(serde_json::json!(self))
    }

    /// The same place after the group became a supergroup. Message ids do not survive that.
    pub(super) const fn moved_to(self, chat_id: i64) -> Self {
        Self { chat_id, reply_to: None, ..self }
    }

    pub(super) const fn is_group(self) -> bool {
        matches!(self.kind, ConversationKind::Group)
    }

    pub(super) const fn recipient(self) -> Recipient {
        Recipient::Id(ChatId(self.chat_id))
    }

    pub(super) fn thread(self) -> Option<ThreadId> {
        self.thread_id.map(|id| ThreadId(MessageId(id)))
    }
}
