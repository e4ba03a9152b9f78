//! The few pages that this binary serves by itself: what it is, the chat page with its sign-in,
//! and the API's reference.
//!
//! Plain HTML, one script, one style sheet, nothing from anywhere else. What does not belong here:
//! the panel.

mod assets;
mod chat;
mod document;
mod home;
mod openapi;
mod reference;
mod sign_in;

#[cfg(test)]
mod tests;

pub(crate) use assets::{Assets, asset};
pub(crate) use chat::chat;
pub(crate) use home::home;
pub(crate) use openapi::openapi;
pub(crate) use reference::reference;
pub(crate) use sign_in::{sign_in, sign_out};
