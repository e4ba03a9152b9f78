//! The effective settings as text, with every secret masked.

use super::keys::UnknownKey;
use super::load::Loaded;
use serde_json::Value;
use std::collections::BTreeSet;

const MASK: &str = "[secret]";

/// The effective settings in the form of the file. Secrets are masked; unknown keys are left out,
/// for they have no effect and one of them may be a mistyped secret.
pub fn show(loaded: &Loaded) -> Result<String, toml::ser::Error> {
    let mut tree = loaded.tree.clone();
    tidy("", &mut tree, loaded);
    toml::to_string_pretty(&tree)
}

fn tidy(path: &str, value: &mut Value, loaded: &Loaded) {
    match value {
        Value::Object(table) => {
            table.retain(|key, _| !is_unknown(&join(path, key), &loaded.unknown));
            for (key, inner) in table {
                tidy(&join(path, key), inner, loaded);
            }
        }
        Value::String(text) if is_secret(path, &loaded.secret_paths) && !text.is_empty() => {
            MASK.clone_into(text);
        }
        Value::String(text) => mask_password(text),
        _ => {}
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn is_unknown(path: &str, unknown: &[UnknownKey]) -> bool {
    unknown.iter().any(|key| key.path == path)
}

fn is_secret(path: &str, secrets: &BTreeSet<String>) -> bool {
    secrets.contains(path)
}

/// An address that is no secret itself may hold a password.
fn mask_password(text: &mut String) {
    let Ok(mut url) = url::Url::parse(text) else {
        return;
    };
    if url.query_pairs().any(|(key, _)| key.contains("password")) {
        MASK.clone_into(text);
    } else if url.password().is_some() && url.set_password(Some("secret")).is_ok() {
        *text = url.to_string();
    }
}
