//! Whether something said in a group is said to the bot.

use super::bot::Identity;
use super::update::{Entity, Message};

/// Entities that are looked at; the platform sends at most 100.
const ENTITIES_MAX: usize = 200;

/// Mentioned by name or by link, or replied to.
pub(super) fn is_addressed(message: &Message, identity: &Identity) -> bool {
    is_reply_to_bot(message, identity) || is_mentioned(message, identity)
}

/// Whether `@name` is the bot's. Unknown until the platform has said who the bot is.
pub(super) fn is_own_name(name: &str, identity: &Identity) -> bool {
    identity.username.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(name))
}

fn is_reply_to_bot(message: &Message, identity: &Identity) -> bool {
    let Some(replied_to) = &message.reply_to_message else {
        return false;
    };
    // Every message of a topic formally replies to the one that made the topic.
    let is_topic_root =
        message.is_topic_message && message.message_thread_id == Some(replied_to.message_id);
    let author = replied_to.from.as_ref().map(|author| author.id);
    !is_topic_root && author.is_some() && author == identity.id
}

fn is_mentioned(message: &Message, identity: &Identity) -> bool {
    let in_text = (message.text.as_deref(), &message.entities);
    let in_caption = (message.caption.as_deref(), &message.caption_entities);
    [in_text, in_caption].into_iter().any(|(text, entities)| {
        entities
            .iter()
            .take(ENTITIES_MAX)
            .any(|entity| mentions(entity, text.unwrap_or_default(), identity))
    })
}

fn mentions(entity: &Entity, text: &str, identity: &Identity) -> bool {
    match entity.kind.as_str() {
        "mention" => utf16_slice(text, entity.offset, entity.length)
            .and_then(|mention| mention.strip_prefix('@'))
            .is_some_and(|name| is_own_name(name, identity)),
        "bot_command" => utf16_slice(text, entity.offset, entity.length)
            .and_then(|command| command.split_once('@'))
            .is_some_and(|(_, name)| is_own_name(name, identity)),
        "text_mention" => {
            let mentioned = entity.user.as_ref().map(|user| user.id);
            mentioned.is_some() && mentioned == identity.id
        }
        _ => false,
    }
}

/// A stretch given in UTF-16 units; `None` if it leaves the text or cuts a character.
pub(super) fn utf16_slice(text: &str, offset: usize, length: usize) -> Option<&str> {
    let end = offset.checked_add(length)?;
    let mut position = 0;
    let (mut from, mut to) = (None, None);
    for (byte, character) in text.char_indices() {
        if position == offset {
            from = Some(byte);
        }
        if position == end {
            to = Some(byte);
        }
        if position >= end {
            break;
        }
        position += character.len_utf16();
    }
    if position == end && to.is_none() {
        to = Some(text.len());
    }
    text.get(from?..to?)
}

#[cfg(test)]
mod tests {
    use super::utf16_slice;

    #[test]
    fn offsets_count_utf16_units() {
        assert_eq!(utf16_slice("😀 @bot", 3, 4), Some("@bot"));
        assert_eq!(utf16_slice("@bot hi", 0, 4), Some("@bot"));
        assert_eq!(utf16_slice("@bot", 0, 4), Some("@bot"));
    }

    #[test]
    fn a_stretch_outside_of_the_text_or_within_a_character_is_none() {
        assert_eq!(utf16_slice("abc", 1, 3), None);
        assert_eq!(utf16_slice("abc", 9, 1), None);
        assert_eq!(utf16_slice("😀", 1, 1), None);
        assert_eq!(utf16_slice("abc", usize::MAX, 2), None);
    }
}
