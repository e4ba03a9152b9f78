//! Chat platforms: one folder per vendor, the same file names in each, and one catalogue.
//!
//! An adapter maps bytes to domain types and makes the platform's calls; the host owns dedupe,
//! order, retry, persistence and secrets. Adding a platform is one folder and one catalogue line
//! (`docs/guides/add-a-channel.md`). Shared by all: reading CommonMark (`markdown`), cutting long
//! texts (`split`), rate limits (`pace`), refusing hostile JSON (`strict_json`).
//!
//! What does *not* belong here: SQL, actors, listeners, and decisions about what to answer.

mod catalogue;
mod digest;
mod error;
mod markdown;
mod pace;
mod split;
mod strict_json;
mod telegram;
mod unknown_key;
mod web;

#[cfg(test)]
mod conformance_tests;

pub use catalogue::{Catalogue, ChannelSettings};
pub use error::ChannelsError;
pub use telegram::{TelegramLimits, TelegramSettings};
