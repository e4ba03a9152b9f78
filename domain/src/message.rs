//! What comes in, normalised over all platforms, and what goes out before it is rendered.

use crate::model::ModelMessage;
use crate::time::Timestamp;

/// One inbound event of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Inbound {
    /// Where it was said.
    pub conversation: Conversation,
    /// Who said it.
    pub sender: Sender,
    /// The platform's id of the message, for replies and edits.
    pub platform_message_id: Option<String>,
    /// The platform's own time, where it gives one.
    pub sent_at: Option<Timestamp>,
    /// Said to the bot: a direct chat, a mention, a reply to it, a command.
    pub addressed: bool,
    /// What happened.
    pub event: InboundEvent,
    /// Where a reply goes. Opaque to all but the adapter; never cached on the session.
    pub reply_target: ReplyTarget,
    /// The caller's own history, which replaces the stored one (the stateless API).
    pub history: Option<Vec<ModelMessage>>,
}

/// A place where people talk to a bot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// The platform's name of it within the connection: the session is derived from this.
    pub key: String,
    /// One person or many.
    pub kind: ConversationKind,
    /// Its title, where there is one.
    pub title: Option<String>,
}

/// One person or many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConversationKind {
    /// The bot and one person.
    Direct,
    /// More than one person.
    Group,
}

/// Who sent an event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sender {
    /// The platform's user id.
    pub platform_user_id: String,
    /// As shown to others.
    pub display_name: Option<String>,
    /// The platform's language tag for the person.
    pub locale: Option<String>,
    /// Another bot.
    pub is_bot: bool,
}

/// What happened in a conversation.
#[derive(Debug, Clone, PartialEq)]
pub enum InboundEvent {
    /// Somebody said something (text, caption, media).
    Message {
        /// The text or the caption, verbatim.
        text: String,
        /// Media by reference; bytes are fetched by the media pipeline.
        attachments: Vec<Attachment>,
        /// What it replies to, if anything.
        quoted: Option<String>,
    },
    /// A message was changed.
    Edited {
        /// The new text.
        text: String,
    },
    /// A command such as `/help`, with the rest of its line.
    Command {
        /// Without the slash, lower case.
        name: String,
        /// What follows it.
        arguments: String,
    },
    /// A button below one of our messages was pressed.
    ButtonPressed {
        /// The data we attached to it.
        data: String,
        /// The platform's id for acknowledging the press.
        acknowledgement: String,
    },
    /// The bot or somebody else joined, left or was blocked.
    Membership {
        /// Whether the bot can speak here afterwards, where the event is about the bot.
        bot_present: Option<bool>,
    },
    /// The conversation got a new name on the platform.
    Migrated {
        /// The new conversation key.
        to_key: String,
    },
    /// Stored, and nothing else is done with it in this version.
    Other {
        /// The platform's name for it.
        kind: String,
    },
}

/// Media by reference.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Attachment {
    /// `image`, `audio`, `voice`, `video`, `document`, `sticker`, `location`, `contact`, `poll`,
    /// `dice`.
    pub kind: String,
    /// The platform's reference. Never a URL that carries a token.
    pub reference: String,
    /// As the sender named it; never used as a path.
    pub file_name: Option<String>,
    /// As the sender declared it; never trusted.
    pub declared_type: Option<String>,
    /// As the platform declared it.
    pub size_bytes: Option<u64>,
}

/// Where a reply goes, as the adapter that made it wants it back.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct ReplyTarget(pub serde_json::Value);

/// Who said a stored message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Author {
    /// A person.
    User,
    /// The agent.
    Assistant,
}

/// A reply before it is rendered for a platform.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Reply {
    /// CommonMark.
    pub text: String,
    /// The error code shown with it, when this is a notice and not an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
}

impl Reply {
    /// An answer.
    pub fn answer(text: impl Into<String>) -> Self {
        Self { text: text.into(), notice: None }
    }
}

/// What the built-in web channel stores as its raw bytes: written where a submission is taken,
/// read by the web adapter.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct WebMessage {
    /// The conversation key: `ses_…` or the caller's own name.
    pub conversation_key: String,
    /// The caller's own name for the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// What was said.
    pub text: String,
    /// The caller's own history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<Vec<ModelMessage>>,
}
