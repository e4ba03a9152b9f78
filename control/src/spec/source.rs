//! Where a secret in an apply file comes from: `{ env = "NAME" }`, `{ file = "PATH" }` or
//! `{ value = "…" }`.

use super::tenant::CarriedSecret;
use crate::fault::Faults;
use rookery_domain::Secret;
use serde_json::Value;

/// Greatest size of one secret, in bytes.
pub const SECRET_BYTES_MAX: usize = 64 * 1024;

/// How the caller's process reads secrets.
pub trait SecretSources {
    /// An environment variable; `None` if it is not set or not text.
    fn env(&self, name: &str) -> Option<Secret>;

    /// A file's text, without a newline at its end; a relative path starts at the apply file. The
    /// error says why, without the content.
    fn file(&self, path: &str) -> Result<Secret, String>;
}

const FORMS: &str = "write { env = \"NAME\" }, { file = \"PATH\" } or { value = \"…\" }";

/// Whether a table is a secret's source and not a table of further names.
pub(super) fn is_source(value: &Value) -> bool {
    value.as_object().is_some_and(|table| {
        ["env", "file", "value"].iter().any(|form| table.get(*form).is_some_and(Value::is_string))
    })
}

/// Reads a secret; a fault is recorded under the path and names the source, never the text.
pub(super) fn resolve(
    value: &Value,
    path: &str,
    sources: &dyn SecretSources,
    faults: &mut Faults,
) -> Option<CarriedSecret> {
    match read(value, sources) {
        Ok(secret) if secret.is_empty() => {
            faults.push(path, "is empty");
            None
        }
        Ok(secret) if secret.expose().len() > SECRET_BYTES_MAX => {
            faults.push(path, format!("is longer than {SECRET_BYTES_MAX} bytes"));
            None
        }
        Ok(secret) => Some(CarriedSecret(secret)),
        Err(message) => {
            faults.push(path, message);
            None
        }
    }
}

fn read(value: &Value, sources: &dyn SecretSources) -> Result<Secret, String> {
    let table = value.as_object().ok_or_else(|| format!("is a secret: {FORMS}"))?;
    let mut entries = table.iter();
    let (Some((form, Value::String(text))), None) = (entries.next(), entries.next()) else {
        return Err(format!("needs exactly one source: {FORMS}"));
    };
    match form.as_str() {
        "env" => {
            sources.env(text).ok_or_else(|| format!("environment variable `{text}` is not set"))
        }
        "file" => {
            sources.file(text).map_err(|reason| format!("file `{text}` cannot be read: {reason}"))
        }
        "value" => Ok(Secret::new(text.clone())),
        other => Err(format!("`{other}` is not a source: {FORMS}")),
    }
}
