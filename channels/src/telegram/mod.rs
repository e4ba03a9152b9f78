//! Telegram: the Bot API over webhook or long polling.
//!
//! The library's types spell the outgoing methods; its dispatcher, its webhook and its transport are
//! not used (`docs/adr/0003-telegram-without-dispatcher.md`). Updates are stored as they arrived and
//! read from their text by `update`, which names only the fields that are used.
//!
//! What does *not* belong here: dedupe, retries, storage, and decisions about what to answer.

mod adapter;
mod addressed;
mod api;
mod attachments;
mod bot;
mod delivery;
mod dialect;
mod failure;
mod ingress;
mod lifecycle;
mod normalise;
mod polling;
mod render;
mod settings;
mod target;
mod update;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use adapter::TelegramAdapter;
pub use settings::{TelegramLimits, TelegramSettings};
