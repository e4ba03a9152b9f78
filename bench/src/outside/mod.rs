//! Platform and model as lean as they can be: fixed answers, no parsing beyond finding the
//! conversation, and the moments of every call, so that what they cost and how long they take
//! can be told apart from what is measured.
//!
//! A conversation is known by its number: it is the platform's chat id, and it stands as a mark in
//! every message (`zq0000042`), so that a model call can be told to belong to it. What does *not*
//! belong here: anything like real behaviour; the fakes of the tests have that.

mod board;
mod request;
mod server;
mod words;

pub use board::{Board, Moments};
pub use server::{ModelPace, Outside};

use words::conversation_of_chat;
pub use words::{ANSWER, BOT_TOKEN, CHAT_BASE, chat_id, ignored_update, mark, text_update};
