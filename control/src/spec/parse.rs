//! From the text of an apply file to a [`TenantSpec`], or to every fault of it.

use super::section::{Section, unknown_key};
use super::source::{SecretSources, is_source, resolve};
use super::tenant::{ApiKeySpec, CarriedSecret, Known, TenantSection, TenantSpec};
use super::{agent, connection, limits};
use crate::fault::Faults;
use crate::key_text;
use rookery_domain::api_key::Scope;
use rookery_domain::tenant::TenantLimits;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Greatest size of an apply file, in bytes.
pub const APPLY_FILE_BYTES_MAX: usize = 1024 * 1024;
/// Greatest number of agents, of connections and of keys in one file.
pub const ENTRIES_MAX: usize = 1_000;

const KEYS: &[&str] = &["tenant", "agents", "connections", "api_keys", "limits", "secrets"];
/// Sections of the format that this version refuses by name.
const LATER: &[&str] = &["documents"];
const TENANT_KEYS: &[&str] = &["slug", "name", "plan"];
const KEY_KEYS: &[&str] = &["slug", "scopes", "value"];
const PLAN_DEFAULT: &str = "free";

/// Reads an apply file. Secrets are read here and now, through the caller's process.
pub fn parse(
    text: &str,
    known: Known<'_>,
    sources: &dyn SecretSources,
) -> Result<TenantSpec, Faults> {
    let mut faults = Faults::default();
    let document = match document(text) {
        Ok(document) => document,
        Err(message) => {
            faults.push("", message);
            return Err(faults);
        }
    };
    let root = Section::open_partly("", &document, KEYS);
    for key in document.keys().filter(|key| !KEYS.contains(&key.as_str())) {
        let message = if LATER.contains(&key.as_str()) {
            "is not in this version".to_owned()
        } else {
            unknown_key(key, KEYS)
        };
        faults.push(key, message);
    }
    let tenant = tenant(&root, &mut faults);
    let agents = entries(&root, "agents", &mut faults, |path, table, faults| {
        agent::read(path, table, known, faults)
    });
    let connections = entries(&root, "connections", &mut faults, |path, table, faults| {
        connection::read(path, table, known, sources, faults)
    });
    let api_keys = entries(&root, "api_keys", &mut faults, |path, table, faults| {
        api_key(path, table, sources, faults)
    });
    unique(&root, "agents", &mut faults);
    unique(&root, "connections", &mut faults);
    unique(&root, "api_keys", &mut faults);
    distinct_values(&api_keys, &mut faults);
    let limits = root
        .table("limits", &mut faults)
        .map_or_else(TenantLimits::default, |table| limits::read(table, &mut faults));
    let secrets = secrets(&root, sources, &mut faults);
    let Some(tenant) = tenant else {
        return Err(faults);
    };
    faults.or(TenantSpec { tenant, limits, agents, connections, api_keys, secrets })
}

fn document(text: &str) -> Result<Map<String, Value>, String> {
    if text.len() > APPLY_FILE_BYTES_MAX {
        return Err(format!("the file is longer than {APPLY_FILE_BYTES_MAX} bytes"));
    }
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| {
            text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1
        });
        format!("line {line}: not TOML: {}", error.message())
    })?;
    Ok(table.into_iter().map(|(key, value)| (key, to_json(value))).collect())
}

/// The adapters read JSON; TOML's times become texts.
fn to_json(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => Value::from(number),
        toml::Value::Float(number) => Value::from(number),
        toml::Value::Boolean(flag) => Value::Bool(flag),
        toml::Value::Datetime(time) => Value::String(time.to_string()),
        toml::Value::Array(list) => list.into_iter().map(to_json).collect(),
        toml::Value::Table(table) => {
            Value::Object(table.into_iter().map(|(key, value)| (key, to_json(value))).collect())
        }
    }
}

fn tenant(root: &Section<'_>, faults: &mut Faults) -> Option<TenantSection> {
    if root.value("tenant").is_none() {
        faults.push("tenant", "is missing: write [tenant] with a slug");
    }
    let table = root.table("tenant", faults)?;
    let section = Section::open("tenant", table, TENANT_KEYS, faults);
    let slug = section.slug("slug", faults);
    let name = section.name("name", slug.as_deref().unwrap_or_default(), faults);
    let plan = match section.value("plan") {
        Some(_) => section.slug("plan", faults),
        None => Some(PLAN_DEFAULT.to_owned()),
    };
    Some(TenantSection { slug: slug?, name, plan: plan? })
}

fn entries<T>(
    root: &Section<'_>,
    key: &str,
    faults: &mut Faults,
    mut read: impl FnMut(&str, &Map<String, Value>, &mut Faults) -> Option<T>,
) -> Vec<T> {
    let Some(value) = root.value(key) else {
        return Vec::new();
    };
    let Some(list) = value.as_array() else {
        faults.push(key, format!("must be a list: write [[{key}]]"));
        return Vec::new();
    };
    if list.len() > ENTRIES_MAX {
        faults.push(key, format!("has more than {ENTRIES_MAX} entries"));
        return Vec::new();
    }
    let mut found = Vec::with_capacity(list.len());
    for (index, entry) in list.iter().enumerate() {
        let path = format!("{key}[{index}]");
        match entry.as_object() {
            Some(table) => found.extend(read(&path, table, faults)),
            None => faults.push(path, format!("must be a table: write [[{key}]]")),
        }
    }
    found
}

fn api_key(
    path: &str,
    table: &Map<String, Value>,
    sources: &dyn SecretSources,
    faults: &mut Faults,
) -> Option<ApiKeySpec> {
    let section = Section::open(path, table, KEY_KEYS, faults);
    let slug = section.slug("slug", faults);
    let mut scopes = Vec::new();
    for (index, text) in section.texts("scopes", faults).into_iter().enumerate() {
        match Scope::parse(text) {
            Some(scope) => scopes.push(scope),
            None => faults.push(
                format!("{}[{index}]", section.path_of("scopes")),
                format!("`{text}` is no scope; there are: chat, read, admin"),
            ),
        }
    }
    scopes.sort_unstable();
    scopes.dedup();
    if scopes.is_empty() {
        faults.push(section.path_of("scopes"), "needs at least one of: chat, read, admin");
    }
    let value_path = section.path_of("value");
    let value =
        section.value("value").and_then(|value| resolve(value, &value_path, sources, faults));
    if let Some(reason) = value.as_ref().and_then(|value| key_text::refusal(&value.0)) {
        faults.push(value_path, reason);
    }
    Some(ApiKeySpec { slug: slug?, scopes, value })
}

/// A slug that stands twice in a list is a fault of the second.
fn unique(root: &Section<'_>, key: &str, faults: &mut Faults) {
    let list = root.value(key).and_then(Value::as_array);
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, entry) in list.into_iter().flatten().take(ENTRIES_MAX).enumerate() {
        let Some(slug) = entry.get("slug").and_then(Value::as_str) else {
            continue;
        };
        match seen.get(slug) {
            Some(first) => faults.push(
                format!("{key}[{index}].slug"),
                format!("`{slug}` is taken by {key}[{first}]"),
            ),
            None => {
                seen.insert(slug, index);
            }
        }
    }
}

fn distinct_values(keys: &[ApiKeySpec], faults: &mut Faults) {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for key in keys {
        let Some(value) = &key.value else { continue };
        if let Some(first) = seen.insert(value.0.expose(), &key.slug) {
            faults.push("api_keys", format!("`{}` has the same text as `{first}`", key.slug));
        }
    }
}

fn secrets(
    root: &Section<'_>,
    sources: &dyn SecretSources,
    faults: &mut Faults,
) -> BTreeMap<String, CarriedSecret> {
    let mut found = BTreeMap::new();
    let Some(table) = root.table("secrets", faults) else {
        return found;
    };
    for (name, value) in flatten(table) {
        let path = format!("secrets.{name}");
        match vault_name(&name) {
            Some(stored) => {
                found.extend(resolve(value, &path, sources, faults).map(|secret| (stored, secret)));
            }
            None => faults
                .push(path, "is not a secret of this version; write \"llm.<provider>.api_key\""),
        }
    }
    found
}

/// Dotted names, whether they were written as one quoted key or as nested tables.
fn flatten(table: &Map<String, Value>) -> Vec<(String, &Value)> {
    let mut flat = Vec::new();
    for (name, value) in table {
        match value.as_object() {
            Some(inner) if !is_source(value) && !inner.is_empty() => flat.extend(
                flatten(inner).into_iter().map(|(rest, value)| (format!("{name}.{rest}"), value)),
            ),
            _ => flat.push((name.clone(), value)),
        }
    }
    flat
}

fn vault_name(name: &str) -> Option<String> {
    let provider = name.strip_prefix("llm.")?.strip_suffix(".api_key")?;
    let plain = !provider.is_empty()
        && provider
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    plain.then(|| format!("llm/{provider}/api_key"))
}
