//! A Bot API that keeps Telegram's rules and misbehaves on request.
//!
//! One server holds many bots. It answers the methods our adapter uses over GET and POST, as JSON,
//! form or multipart; acts as the people who talk to the bots; delivers updates to webhooks (one
//! in flight per chat queue, retried until acknowledged, never lost) or by long poll; and records
//! every call and every delivery. Seconds that Telegram would wait are scaled by
//! [`Timing::second`]. What does *not* belong here: what a bot should answer.

mod bot;
mod call;
mod chat;
mod markdown;
mod methods;
mod params;
mod polling;
mod server;
mod state;
mod users;
mod webhook;

pub use bot::BotHandle;
pub use call::{ApiError, Call, Delivery};
pub use chat::{ChatKind, Person, Place, SentMessage};
pub use markdown::{Entity, MarkdownError, parse_markdown};
pub use server::{FakeTelegram, Timing};
pub use users::Said;

#[cfg(test)]
mod tests;
