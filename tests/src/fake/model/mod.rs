//! A language model on two wires, the OpenAI-compatible and the Anthropic one, that answers by a
//! script, streams at a chosen pace, misbehaves on request and records every call.
//!
//! It refuses what the vendors refuse (a missing or wrong key, a request without messages or
//! without an output limit where one is required). What does *not* belong here: intelligence.

mod anthropic;
mod ask;
mod openai;
mod script;
mod server;

pub use ask::{Ask, Role, Said};
pub use script::{Answer, Script, ToolUse, echo};
pub use server::{FakeModel, ModelCall, Wire};

#[cfg(test)]
mod tests;
