//! A request, read from either wire.

use serde_json::Value;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Instructions.
    System,
    /// A person.
    User,
    /// The model.
    Assistant,
    /// A tool's result.
    Tool,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Who.
    pub role: Role,
    /// What.
    pub text: String,
}

/// What a caller asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// The vendor's name of the model.
    pub model: String,
    /// Answer piece by piece.
    pub stream: bool,
    /// Say what a streamed answer cost.
    pub stream_usage: bool,
    /// The conversation, instructions first.
    pub messages: Vec<Said>,
    /// The tools on offer.
    pub tools: Vec<String>,
    /// The body as it came.
    pub body: Value,
}

impl Ask {
    /// What the person said last.
    pub fn last_user(&self) -> &str {
        self.messages
            .iter()
            .rev()
            .find(|said| said.role == Role::User)
            .map_or("", |said| said.text.as_str())
    }

    /// Results of tools since the person spoke last.
    pub fn tool_results(&self) -> Vec<&str> {
        let from_newest = self.messages.iter().rev();
        let mut results: Vec<&str> = from_newest
            .take_while(|said| said.role != Role::User)
            .filter(|said| said.role == Role::Tool)
            .map(|said| said.text.as_str())
            .collect();
        results.reverse();
        results
    }

    /// All instructions.
    pub fn system(&self) -> String {
        let texts: Vec<&str> = self
            .messages
            .iter()
            .filter(|said| said.role == Role::System)
            .map(|said| said.text.as_str())
            .collect();
        texts.join("\n")
    }

    /// A rough count of what was read: a token for every four bytes of text.
    pub fn input_tokens(&self) -> usize {
        let bytes: usize = self.messages.iter().map(|said| said.text.len()).sum();
        bytes.div_ceil(4)
    }
}

/// The text of a content that is a text or a list of parts.
pub(super) fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts: Vec<&str> =
                parts.iter().filter_map(|part| part.get("text").and_then(Value::as_str)).collect();
            texts.join("")
        }
        _ => String::new(),
    }
}
