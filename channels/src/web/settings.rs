//! Which pages may open a web chat.

use crate::unknown_key::unknown_keys;
use rookery_domain::ports::channel::SettingsError;
use serde_json::{Map, Value};
use url::Url;

const SETTING_FIELDS: [&str; 1] = ["allowed_origins"];
/// Origins of one connection.
pub(super) const ORIGINS_MAX: usize = 100;

/// A connection's settings as they are stored.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub(super) struct WebSettings {
    /// Exact origins, as browsers send them. Empty: no other page may connect.
    pub(super) allowed_origins: Vec<String>,
}

impl WebSettings {
    /// From an apply file; every fault is reported.
    pub(super) fn check(settings: &Map<String, Value>) -> Result<Self, Vec<SettingsError>> {
        let mut faults = unknown_keys(settings, &SETTING_FIELDS);
        let mut allowed_origins = Vec::new();
        match settings.get("allowed_origins") {
            None => {}
            Some(Value::Array(origins)) if origins.len() <= ORIGINS_MAX => {
                for value in origins {
                    match origin(value) {
                        Ok(origin) => allowed_origins.push(origin),
                        Err(reason) => faults.push(fault(reason)),
                    }
                }
            }
            Some(Value::Array(_)) => {
                faults.push(fault(format!("holds more than {ORIGINS_MAX} origins")));
            }
            Some(_) => faults.push(fault("must be a list of origins".to_owned())),
        }
        if faults.is_empty() { Ok(Self { allowed_origins }) } else { Err(faults) }
    }
}

/// Scheme, host and port and nothing else, in the form in which browsers send it.
fn origin(value: &Value) -> Result<String, String> {
    let text = value.as_str().ok_or_else(|| format!("{value} is not a text"))?;
    let parsed = Url::parse(text).map_err(|error| format!("`{text}`: {error}"))?;
    let origin = parsed.origin().ascii_serialization();
    let is_web = matches!(parsed.scheme(), "http" | "https");
    if is_web && origin == text {
        Ok(origin)
    } else if is_web {
        Err(format!("`{text}` is not an origin, use `{origin}`"))
    } else {
        Err(format!("`{text}` must start with https:// or http://"))
    }
}

fn fault(reason: String) -> SettingsError {
    SettingsError { field: "allowed_origins".to_owned(), reason }
}
