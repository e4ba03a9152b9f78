//! A stored submission into the one form of all platforms.

use crate::strict_json;
use rookery_domain::command::split_command;
use rookery_domain::message::{
    Conversation, ConversationKind, Inbound, InboundEvent, ReplyTarget, Sender, WebMessage,
};
use rookery_domain::ports::IngressError;
use serde_json::Value;

/// Reads a stored submission.
pub(super) fn normalise(raw: &[u8]) -> Result<Inbound, IngressError> {
    let text = strict_json::checked(raw).map_err(IngressError::Unreadable)?;
    let message: WebMessage =
        serde_json::from_str(text).map_err(|error| IngressError::Unreadable(error.to_string()))?;
    if message.conversation_key.is_empty() {
        return Err(IngressError::Unreadable("the conversation has no name".to_owned()));
    }
    let contact =
        message.contact.unwrap_or_else(|| format!("anonymous:{}", message.conversation_key));
    let event = match split_command(&message.text) {
        // A caller with a history of its own talks to a model and not to a chat.
        Some((name, None, arguments)) if message.history.is_none() => {
            InboundEvent::Command { name, arguments: arguments.to_owned() }
        }
        _ => InboundEvent::Message { text: message.text, attachments: Vec::new(), quoted: None },
    };
    Ok(Inbound {
        conversation: Conversation {
            key: message.conversation_key,
            kind: ConversationKind::Direct,
            title: None,
        },
        sender: Sender { platform_user_id: contact, ..Sender::default() },
        platform_message_id: None,
        sent_at: None,
        addressed: true,
        event,
        reply_target: ReplyTarget(Value::Null),
        history: message.history,
    })
}
