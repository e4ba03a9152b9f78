//! Language models as the runtime sees them: roles, routes, calls, events.

use std::fmt;
use std::str::FromStr;

/// What a model is used for; each role has an ordered route.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum ModelRole {
    /// Talks to people.
    Chat,
    /// Looks back at what was said.
    Reflect,
    /// Small, cheap appraisals.
    Fast,
    /// Makes plans.
    Plan,
    /// Shortens history.
    Compact,
    /// Makes vectors.
    Embed,
}

impl ModelRole {
    /// Every role.
    pub const ALL: [Self; 6] =
        [Self::Chat, Self::Reflect, Self::Fast, Self::Plan, Self::Compact, Self::Embed];

    /// As it stands in config.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Reflect => "reflect",
            Self::Fast => "fast",
            Self::Plan => "plan",
            Self::Compact => "compact",
            Self::Embed => "embed",
        }
    }
}

/// `provider/model`, where the provider is a configured name and the model the vendor's.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct ModelRef {
    /// The configured provider's name.
    pub provider: String,
    /// The vendor's name of the model.
    pub model: String,
}

/// A text that does not name a model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a model: write `provider/model`")]
pub struct ModelRefError;

impl FromStr for ModelRef {
    type Err = ModelRefError;

    fn from_str(text: &str) -> Result<Self, ModelRefError> {
        match text.split_once('/') {
            Some((provider, model)) if !provider.is_empty() && !model.is_empty() => {
                Ok(Self { provider: provider.to_owned(), model: model.to_owned() })
            }
            _ => Err(ModelRefError),
        }
    }
}

impl TryFrom<String> for ModelRef {
    type Error = ModelRefError;

    fn try_from(text: String) -> Result<Self, ModelRefError> {
        text.parse()
    }
}

impl From<ModelRef> for String {
    fn from(reference: ModelRef) -> Self {
        reference.to_string()
    }
}

impl fmt::Display for ModelRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.provider, self.model)
    }
}

/// One message of a model's conversation.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case", tag = "role")]
pub enum ModelMessage {
    /// Further instructions within the conversation.
    System {
        /// The text.
        text: String,
    },
    /// A person.
    User {
        /// The text.
        text: String,
    },
    /// The model.
    Assistant {
        /// The text.
        text: String,
        /// Tools it asked for.
        #[serde(default)]
        tool_calls: Vec<ToolCall>,
    },
    /// A tool's result.
    Tool {
        /// Which call.
        call_id: String,
        /// The tool's name.
        name: String,
        /// What it said.
        content: String,
    },
}

/// A model asks for a tool.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ToolCall {
    /// The provider's id of the call.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// Its arguments, as the model wrote them; not yet checked.
    pub arguments: serde_json::Value,
}

/// Token counts of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Usage {
    /// Read.
    pub input_tokens: u64,
    /// Written.
    pub output_tokens: u64,
    /// The provider did not say, and we counted ourselves.
    pub estimated: bool,
}

/// Rough token count of a text, used for budgets and where a provider does not say: 4 bytes each.
pub fn estimate_tokens(text: &str) -> u64 {
    u64::try_from(text.len().div_ceil(4)).unwrap_or(u64::MAX)
}

/// Why a model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// It was finished.
    Finished,
    /// It wants tools.
    ToolCalls,
    /// It reached the output limit.
    Length,
    /// The provider's filter stopped it.
    Filtered,
}

/// One event of a model's stream. A stream without a `Stop` at its end is a failure.
#[derive(Debug, Clone, PartialEq)]
pub enum ModelEvent {
    /// Which provider and model answer; first, and again after a failover.
    Started {
        /// Who.
        model: ModelRef,
    },
    /// Visible text.
    Text(String),
    /// Text that is never shown.
    Reasoning(String),
    /// A complete tool call.
    ToolCall(ToolCall),
    /// The end.
    Stop {
        /// Why.
        reason: StopReason,
        /// What it cost.
        usage: Usage,
    },
}
