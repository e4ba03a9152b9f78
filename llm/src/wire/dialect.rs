//! What one vendor family does its own way.

use genai::adapter::AdapterKind;
use genai::chat::ReasoningEffort;
use rookery_domain::ports::ModelErrorKind;
use serde_json::Value;

/// What one vendor family does its own way.
#[derive(Debug)]
pub(crate) struct Dialect {
    /// The adapter that writes requests and reads events.
    pub(crate) adapter: AdapterKind,
    /// Headers beside the content type; the key is empty where there is none.
    pub(crate) headers: fn(key: &str) -> Vec<(String, String)>,
    /// What the body of a refusal or an error event means beyond its status; `None` where the
    /// status says it all.
    pub(crate) refine: fn(body: &Value) -> Option<ModelErrorKind>,
    /// The adapter takes the end of names such as `x-medium` for an effort and cuts it off, unless
    /// an effort is given. This is the one that it then sends nothing for.
    pub(crate) no_effort: ReasoningEffort,
}

/// The error object of a body, which stands alone in some error events.
pub(crate) fn error_part(body: &Value) -> &Value {
    body.get("error").unwrap_or(body)
}
