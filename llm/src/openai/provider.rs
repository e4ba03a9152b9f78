//! Address, headers and error bodies.

use crate::error::LlmError;
use crate::provider::Provider;
use crate::settings::ProviderSettings;
use crate::vendor::Parts;
use crate::wire::{Dialect, WireProvider, base_url, error_part, join};
use genai::adapter::AdapterKind;
use genai::chat::ReasoningEffort;
use rookery_domain::ports::ModelErrorKind;
use serde_json::Value;
use std::sync::Arc;

/// As it stands in config.
pub(crate) const KIND: &str = "openai";
const BASE_URL: &str = "https://api.openai.com/v1";
const PATH: &str = "chat/completions";

static DIALECT: Dialect = Dialect {
    adapter: AdapterKind::OpenAI,
    headers,
    refine,
    no_effort: ReasoningEffort::Budget(0),
};

/// What is wrong with the base URL, if anything.
pub(crate) fn check(settings: &ProviderSettings) -> Result<(), String> {
    base_url(&settings.base_url, BASE_URL).map(drop)
}

/// Opens a provider of this family.
pub(crate) fn open(
    settings: &ProviderSettings,
    parts: &Parts,
) -> Result<Arc<dyn Provider>, LlmError> {
    let base = base_url(&settings.base_url, BASE_URL)
        .map_err(|problem| LlmError::base_url(&settings.name, problem))?;
    let provider = WireProvider::open(settings, &DIALECT, join(base, PATH), parts)?;
    Ok(Arc::new(provider))
}

fn headers(key: &str) -> Vec<(String, String)> {
    if key.is_empty() {
        return Vec::new();
    }
    vec![("authorization".to_owned(), format!("Bearer {key}"))]
}

/// Compatible servers put the class into `code`, into `type`, or only into the message.
pub(super) fn refine(body: &Value) -> Option<ModelErrorKind> {
    let error = error_part(body);
    let field = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
    let (code, class, message) = (field("code"), field("type"), field("message"));
    let is = |names: &[&str]| names.contains(&code) || names.contains(&class);
    if is(&["context_length_exceeded", "exceed_context_size_error"])
        || message.contains("maximum context length")
    {
        Some(ModelErrorKind::ContextTooLong)
    } else if is(&["content_filter", "content_policy_violation"]) {
        Some(ModelErrorKind::Filtered)
    } else if is(&["insufficient_quota", "invalid_api_key", "billing_not_active"]) {
        Some(ModelErrorKind::Unauthorized)
    } else if is(&["rate_limit_exceeded", "requests", "tokens"]) {
        Some(ModelErrorKind::RateLimited)
    } else {
        None
    }
}
