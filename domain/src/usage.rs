//! Metered facts and the sums made of them.

use crate::id::{AgentId, SessionId, TurnId, UsageId};
use crate::time::Timestamp;

/// A fact, written in the transaction of the reply it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageEvent {
    /// Its id.
    pub id: UsageId,
    /// Which agent.
    pub agent_id: AgentId,
    /// Which session.
    pub session_id: SessionId,
    /// Which turn.
    pub turn_id: TurnId,
    /// What was used.
    pub kind: UsageKind,
    /// `provider/model`, for completions.
    pub model: String,
    /// Messages: 1. Completions: 1.
    pub quantity: u64,
    /// Tokens read by the model.
    pub input_tokens: u64,
    /// Tokens written by it.
    pub output_tokens: u64,
    /// The provider did not say, and we counted ourselves.
    pub estimated: bool,
    /// When it happened.
    pub at: Timestamp,
}

/// What a usage fact counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UsageKind {
    /// An inbound message that a turn answered.
    Message,
    /// One model call.
    Completion,
}

impl UsageKind {
    /// As it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Completion => "completion",
        }
    }

    /// From its stored form.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Message, Self::Completion].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// What a tenant used of a UTC day so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DayUsage {
    /// Messages answered.
    pub messages: u64,
    /// Tokens, input and output.
    pub tokens: u64,
}
