//! As much of an update as a bare program needs.

use serde::Deserialize;

/// An update.
#[derive(Debug, Deserialize)]
pub(super) struct Update {
    pub(super) update_id: i64,
    pub(super) message: Option<Message>,
}

/// A text message.
#[derive(Debug, Deserialize)]
pub(super) struct Message {
    pub(super) chat: Chat,
    pub(super) text: String,
}

/// Where it was said.
#[derive(Debug, Deserialize)]
pub(super) struct Chat {
    pub(super) id: i64,
}

/// Milliseconds since the epoch.
pub(super) fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(i64::MAX)
}
