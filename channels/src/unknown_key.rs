//! Settings that no adapter knows are refused by name, with the nearest name that is known.

use rookery_domain::ports::channel::SettingsError;
use serde_json::{Map, Value};

/// Names further apart than this are not offered as a correction.
const DISTANCE_MAX: usize = 3;

/// One fault for each key that is not known, by name: whether a JSON map keeps the order of the file
/// depends on what else is in the build.
pub(crate) fn unknown_keys(settings: &Map<String, Value>, known: &[&str]) -> Vec<SettingsError> {
    let mut unknown: Vec<&String> =
        settings.keys().filter(|key| !known.contains(&key.as_str())).collect();
    unknown.sort();
    unknown
        .into_iter()
        .map(|key| SettingsError { field: key.clone(), reason: describe(key, known) })
        .collect()
}

fn describe(key: &str, known: &[&str]) -> String {
    let nearest = known
        .iter()
        .map(|name| (strsim::damerau_levenshtein(key, name), name))
        .filter(|(distance, _)| *distance <= DISTANCE_MAX)
        .min();
    match nearest {
        Some((_, name)) => format!("unknown setting, did you mean `{name}`?"),
        None => format!("unknown setting, this channel takes: {}", known.join(", ")),
    }
}
