//! Tools as the model and the journal see them.

/// What a model is told about a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolSpec {
    /// Exact name, `[a-z0-9_]{1,64}`.
    pub name: String,
    /// One or two sentences for the model.
    pub description: String,
    /// JSON Schema of the arguments object.
    pub parameters: serde_json::Value,
    /// What a repeat of a call with unknown outcome would do.
    pub repeat: ToolRepeat,
}

/// Whether a call may be repeated when its outcome is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolRepeat {
    /// It has no side effect, or takes our key: repeat it.
    Safe,
    /// It may have happened: report it as unknown and do not repeat it.
    Unsafe,
}

/// What a tool is given.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolInput {
    /// As the model wrote them.
    pub arguments: serde_json::Value,
    /// The same for every repeat of the same call.
    pub idempotency_key: String,
}
