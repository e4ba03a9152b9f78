//! Address, headers and error bodies.

use crate::error::LlmError;
use crate::provider::Provider;
use crate::settings::ProviderSettings;
use crate::vendor::Parts;
use crate::wire::{Dialect, WireProvider, base_url, error_part, join};
use genai::adapter::AdapterKind;
use genai::chat::ReasoningEffort;
use reqwest::Url;
use rookery_domain::ports::ModelErrorKind;
use serde_json::Value;
use std::sync::Arc;

/// As it stands in config.
pub(crate) const KIND: &str = "anthropic";
const BASE_URL: &str = "https://api.anthropic.com";
const PATH: &str = "v1/messages";
const VERSION: &str = "2023-06-01";

static DIALECT: Dialect =
    Dialect { adapter: AdapterKind::Anthropic, headers, refine, no_effort: ReasoningEffort::Zero };

/// What is wrong with the base URL, if anything.
pub(crate) fn check(settings: &ProviderSettings) -> Result<(), String> {
    address(settings).map(drop)
}

/// Opens a provider of this family.
pub(crate) fn open(
    settings: &ProviderSettings,
    parts: &Parts,
) -> Result<Arc<dyn Provider>, LlmError> {
    let url = address(settings).map_err(|problem| LlmError::base_url(&settings.name, problem))?;
    let provider = WireProvider::open(settings, &DIALECT, url, parts)?;
    Ok(Arc::new(provider))
}

/// The vendor's SDK takes the base without `/v1`; some gateways document theirs with it.
fn address(settings: &ProviderSettings) -> Result<Url, String> {
    let mut base = base_url(&settings.base_url, BASE_URL)?;
    let path = base.path().trim_end_matches('/');
    if let Some(root) = path.strip_suffix("/v1").map(str::to_owned) {
        base.set_path(&root);
    }
    Ok(join(base, PATH))
}

fn headers(key: &str) -> Vec<(String, String)> {
    let mut headers = vec![("anthropic-version".to_owned(), VERSION.to_owned())];
    if !key.is_empty() {
        headers.push(("x-api-key".to_owned(), key.to_owned()));
    }
    headers
}

/// Length and credit have no class of their own and are told from the message.
pub(super) fn refine(body: &Value) -> Option<ModelErrorKind> {
    let error = error_part(body);
    let field = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
    let message = field("message");
    match field("type") {
        "invalid_request_error"
            if message.contains("prompt is too long")
                || message.contains("exceed context limit") =>
        {
            Some(ModelErrorKind::ContextTooLong)
        }
        "invalid_request_error" if message.contains("content filtering policy") => {
            Some(ModelErrorKind::Filtered)
        }
        "invalid_request_error" if message.contains("credit balance") => {
            Some(ModelErrorKind::Unauthorized)
        }
        "invalid_request_error" | "not_found_error" => Some(ModelErrorKind::Refused),
        "authentication_error" | "permission_error" | "billing_error" => {
            Some(ModelErrorKind::Unauthorized)
        }
        "rate_limit_error" => Some(ModelErrorKind::RateLimited),
        "request_too_large" => Some(ModelErrorKind::ContextTooLong),
        "timeout_error" => Some(ModelErrorKind::TimedOut),
        "overloaded_error" | "api_error" => Some(ModelErrorKind::Unavailable),
        _ => None,
    }
}
