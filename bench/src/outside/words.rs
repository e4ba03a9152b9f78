//! What the two say to each other.

/// The token of the bot that is measured.
pub const BOT_TOKEN: &str = "700001:bench-token";
/// Chat ids count from here.
pub const CHAT_BASE: u64 = 1_000_000_000;
/// What the model answers.
pub const ANSWER: &str = "Yes, we are open from eight to six.";

/// The mark of a conversation.
pub fn mark(conversation: usize) -> String {
    format!("zq{conversation:07}")
}

/// A text message in a conversation, as the platform delivers it.
pub fn text_update(update: u64, conversation: usize) -> String {
    let chat = chat_id(conversation);
    let mark = mark(conversation);
    format!(
        "{{\"update_id\":{update},\"message\":{{\"message_id\":{update},\"from\":{{\"id\":{chat},\
         \"is_bot\":false,\"first_name\":\"Ana\",\"language_code\":\"en\"}},\"chat\":{{\"id\":{chat},\
         \"first_name\":\"Ana\",\"type\":\"private\"}},\"date\":1783000011,\
         \"text\":\"{mark} good morning, when do you open today?\"}}}}"
    )
}

/// An update that is stored and then ignored by policy: the cheapest that there is.
pub fn ignored_update(update: u64) -> String {
    format!(
        "{{\"update_id\":{update},\"poll\":{{\"id\":\"5368000000000000001\",\"question\":\"Which \
         bread would you like us to bake tomorrow?\",\"options\":[{{\"text\":\"Rye\",\
         \"voter_count\":1}},{{\"text\":\"Wheat\",\"voter_count\":0}}],\"total_voter_count\":1,\
         \"is_closed\":false,\"is_anonymous\":true,\"type\":\"regular\",\
         \"allows_multiple_answers\":false}}}}"
    )
}

/// The chat of a conversation.
pub fn chat_id(conversation: usize) -> u64 {
    CHAT_BASE + u64::try_from(conversation).unwrap_or(0)
}

/// The conversation of a chat.
pub(super) fn conversation_of_chat(chat: u64) -> Option<usize> {
    usize::try_from(chat.checked_sub(CHAT_BASE)?).ok()
}
