//! `[[connections]]`: what every connection has is read here, the rest is the adapter's business.

use super::section::{Section, not_here};
use super::source::{SecretSources, is_source, resolve};
use super::tenant::{CarriedSecret, ConnectionSpec, Known, RESERVED_CONNECTION_PREFIX as RESERVED};
use crate::fault::Faults;
use rookery_domain::channel::ChannelKind;
use rookery_domain::ports::channel::Adapter;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

const KEYS: &[&str] = &["slug", "channel", "agent"];

/// Reads one connection.
pub(super) fn read(
    path: &str,
    table: &Map<String, Value>,
    known: Known<'_>,
    sources: &dyn SecretSources,
    faults: &mut Faults,
) -> Option<ConnectionSpec> {
    let section = Section::open_partly(path, table, KEYS);
    let slug = section.slug("slug", faults);
    if slug.as_ref().is_some_and(|slug| slug.starts_with(RESERVED)) {
        faults.push(
            section.path_of("slug"),
            format!("names that start with `{RESERVED}` are made by the runtime; take another"),
        );
    }
    let agent = section.slug("agent", faults);
    let (channel, adapter) = channel(&section, known, faults)?;
    let (secrets, settings) = split(path, table, adapter.as_ref(), sources, faults);
    let settings = check(path, adapter.as_ref(), &settings, &secrets, faults)?;
    Some(ConnectionSpec {
        slug: slug?,
        channel,
        agent: agent?,
        settings,
        secrets: secrets
            .into_iter()
            .filter_map(|(field, secret)| Some((field.to_owned(), secret?)))
            .collect(),
    })
}

fn channel(
    section: &Section<'_>,
    known: Known<'_>,
    faults: &mut Faults,
) -> Option<(ChannelKind, Arc<dyn Adapter>)> {
    let name = section.required("channel", faults)?;
    let kind: ChannelKind = match name.parse() {
        Ok(kind) => kind,
        Err(error) => {
            faults.push(section.path_of("channel"), format!("`{name}` is {error}"));
            return None;
        }
    };
    let Some(adapter) = known.channels.find(&kind) else {
        let kinds = known.channels.kinds();
        faults.push(
            section.path_of("channel"),
            not_here(name, kinds.iter().map(ChannelKind::as_str)),
        );
        return None;
    };
    Some((kind, adapter))
}

/// A secret that was named; `None` where it could not be read, which is a fault of its own.
type NamedSecrets<'a> = BTreeMap<&'a str, Option<CarriedSecret>>;

fn split<'a>(
    path: &str,
    table: &'a Map<String, Value>,
    adapter: &dyn Adapter,
    sources: &dyn SecretSources,
    faults: &mut Faults,
) -> (NamedSecrets<'a>, Map<String, Value>) {
    let mut secrets = BTreeMap::new();
    let mut settings = Map::new();
    for (key, value) in table.iter().filter(|(key, _)| !KEYS.contains(&key.as_str())) {
        if adapter.secret_fields().contains(&key.as_str()) {
            let secret = resolve(value, &format!("{path}.{key}"), sources, faults);
            secrets.insert(key.as_str(), secret);
        } else if is_source(value) {
            faults.push(
                format!("{path}.{key}"),
                match adapter.secret_fields() {
                    [] => "is not a secret of this channel, which has none".to_owned(),
                    fields => {
                        format!("is not a secret of this channel, which has: {}", fields.join(", "))
                    }
                },
            );
        } else {
            settings.insert(key.clone(), value.clone());
        }
    }
    (secrets, settings)
}

fn check(
    path: &str,
    adapter: &dyn Adapter,
    settings: &Map<String, Value>,
    secrets: &NamedSecrets<'_>,
    faults: &mut Faults,
) -> Option<Value> {
    let given: Vec<&str> = secrets.keys().copied().collect();
    match adapter.check_settings(settings, &given) {
        Ok(stored) => Some(stored),
        Err(errors) => {
            for error in errors {
                faults.push(format!("{path}.{}", error.field), error.reason);
            }
            None
        }
    }
}
