//! What a client may ask for, and what it means here.

use crate::frame::Problem;
use crate::submission::text_of;
use rookery_domain::model::{ModelMessage, estimate_tokens};
use serde::Deserialize;
use serde_json::Value;

/// Messages in one request.
const MESSAGES_MAX: usize = 1_000;

/// A completion request. Fields that we do not know do not change what an agent is.
#[derive(Debug, Deserialize)]
pub(super) struct CompletionRequest {
    pub(super) model: String,
    messages: Vec<ChatMessage>,
    #[serde(default)]
    stream: Option<bool>,
    #[serde(default)]
    stream_options: Option<StreamOptions>,
    #[serde(default)]
    n: Option<u64>,
    #[serde(default)]
    tools: Option<Vec<Value>>,
    #[serde(default)]
    functions: Option<Vec<Value>>,
    #[serde(default)]
    pub(super) user: Option<String>,
}

#[derive(Debug, Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct ChatMessage {
    role: String,
    #[serde(default)]
    content: Option<Content>,
    #[serde(default)]
    tool_calls: Option<Vec<Value>>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Debug, Deserialize)]
struct Part {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    text: Option<String>,
}

/// What is said, and what was said before.
#[derive(Debug, PartialEq)]
pub(super) struct Prompt {
    pub(super) text: String,
    pub(super) history: Vec<ModelMessage>,
}

impl Prompt {
    /// Rough count, for where the model's own is not known.
    pub(super) fn estimated_tokens(&self) -> u64 {
        let before: u64 =
            self.history.iter().map(|message| estimate_tokens(text_of(message))).sum();
        before.saturating_add(estimate_tokens(&self.text))
    }
}

impl CompletionRequest {
    pub(super) fn wants_stream(&self) -> bool {
        self.stream == Some(true)
    }

    pub(super) fn wants_usage(&self) -> bool {
        self.stream_options.as_ref().and_then(|options| options.include_usage) == Some(true)
    }

    /// The client's messages as ours.
    ///
    /// # Errors
    /// 400 for what this version does not do and for conversations that nobody can answer.
    pub(super) fn prompt(&mut self) -> Result<Prompt, Problem> {
        self.refuse_unsupported()?;
        if self.messages.len() > MESSAGES_MAX {
            return Err(invalid("messages", format!("messages may have {MESSAGES_MAX} entries")));
        }
        let mut history = std::mem::take(&mut self.messages)
            .into_iter()
            .enumerate()
            .map(|(index, message)| model_message(index, message))
            .collect::<Result<Vec<_>, _>>()?;
        match history.pop() {
            Some(ModelMessage::User { text }) => Ok(Prompt { text, history }),
            _ => Err(invalid("messages", "the last message must have the role user")),
        }
    }

    fn refuse_unsupported(&self) -> Result<(), Problem> {
        if self.n.is_some_and(|n| n != 1) {
            return Err(not_in_this_version("n", "more than one choice is"));
        }
        if self.tools.as_ref().is_some_and(|tools| !tools.is_empty()) {
            return Err(not_in_this_version("tools", "tools of the client are"));
        }
        if self.functions.as_ref().is_some_and(|functions| !functions.is_empty()) {
            return Err(not_in_this_version("functions", "functions of the client are"));
        }
        Ok(())
    }
}

fn model_message(index: usize, message: ChatMessage) -> Result<ModelMessage, Problem> {
    let at = |field: &str| format!("messages[{index}].{field}");
    if message.tool_calls.is_some_and(|calls| !calls.is_empty()) {
        return Err(not_in_this_version(&at("tool_calls"), "tools of the client are"));
    }
    let text = text_content(&at("content"), message.content)?;
    match message.role.as_str() {
        "system" | "developer" => Ok(ModelMessage::System { text }),
        "user" => Ok(ModelMessage::User { text }),
        "assistant" => Ok(ModelMessage::Assistant { text, tool_calls: Vec::new() }),
        "tool" | "function" => Err(not_in_this_version(&at("role"), "tools of the client are")),
        _ => Err(invalid(at("role"), "role must be system, developer, user or assistant")),
    }
}

fn text_content(at: &str, content: Option<Content>) -> Result<String, Problem> {
    let parts = match content {
        None => return Ok(String::new()),
        Some(Content::Text(text)) => return Ok(text),
        Some(Content::Parts(parts)) => parts,
    };
    let texts = parts
        .into_iter()
        .map(|part| match part {
            Part { kind, text: Some(text) } if kind == "text" => Ok(text),
            _ => Err(not_in_this_version(at, "content other than text is")),
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(texts.join("\n"))
}

fn invalid(at: impl Into<String>, detail: impl Into<String>) -> Problem {
    Problem::invalid(detail).at(at).coded("invalid_value")
}

fn not_in_this_version(at: &str, what: &str) -> Problem {
    Problem::invalid(format!("{what} not in this version")).at(at).coded("unsupported_parameter")
}
