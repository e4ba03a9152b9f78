//! A table of the file being read: it knows its path, reports a wrong type where it stands, and at
//! the end names every key that nobody asked for.

use crate::fault::{Faults, nearest};
use serde_json::{Map, Value};

/// Greatest length of a slug, in characters.
const SLUG_MAX: usize = 63;
/// Greatest length of a name, in characters.
const NAME_MAX: usize = 200;

/// One table being read.
#[derive(Debug)]
pub(super) struct Section<'a> {
    path: String,
    table: &'a Map<String, Value>,
    known: &'static [&'static str],
}

impl<'a> Section<'a> {
    /// Opens a table; unknown keys are reported at once.
    pub(super) fn open(
        path: impl Into<String>,
        table: &'a Map<String, Value>,
        known: &'static [&'static str],
        faults: &mut Faults,
    ) -> Self {
        let section = Self::open_partly(path, table, known);
        for key in table.keys().filter(|key| !known.contains(&key.as_str())) {
            faults.push(section.path_of(key), unknown_key(key, known));
        }
        section
    }

    /// Opens a table whose other keys somebody else checks.
    pub(super) fn open_partly(
        path: impl Into<String>,
        table: &'a Map<String, Value>,
        known: &'static [&'static str],
    ) -> Self {
        Self { path: path.into(), table, known }
    }

    /// The path of a key of this table.
    pub(super) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// A value as it stands.
    pub(super) fn value(&self, key: &str) -> Option<&'a Value> {
        debug_assert!(self.known.contains(&key), "an undeclared key is read");
        self.table.get(key)
    }

    /// A text.
    pub(super) fn text(&self, key: &str, faults: &mut Faults) -> Option<&'a str> {
        let Value::String(text) = self.value(key)? else {
            faults.push(self.path_of(key), "must be a text in quotes");
            return None;
        };
        Some(text)
    }

    /// A text that has to be there.
    pub(super) fn required(&self, key: &str, faults: &mut Faults) -> Option<&'a str> {
        if self.value(key).is_none() {
            faults.push(self.path_of(key), "is missing");
        }
        self.text(key, faults)
    }

    /// A slug that has to be there.
    pub(super) fn slug(&self, key: &str, faults: &mut Faults) -> Option<String> {
        let slug = self.required(key, faults)?;
        if is_slug(slug) {
            return Some(slug.to_owned());
        }
        faults.push(self.path_of(key), format!("must be 1 to {SLUG_MAX} of a-z, 0-9 and -"));
        None
    }

    /// A name for people; the fallback if it is left out.
    pub(super) fn name(&self, key: &str, fallback: &str, faults: &mut Faults) -> String {
        let name = self.text(key, faults).unwrap_or(fallback);
        let length = name.chars().count();
        if length > NAME_MAX || name.chars().any(char::is_control) {
            faults.push(
                self.path_of(key),
                format!("must be at most {NAME_MAX} characters on one line"),
            );
        }
        name.to_owned()
    }

    /// A list of texts; empty if it is left out.
    pub(super) fn texts(&self, key: &str, faults: &mut Faults) -> Vec<&'a str> {
        let Some(value) = self.value(key) else {
            return Vec::new();
        };
        let Some(list) = value.as_array() else {
            faults.push(self.path_of(key), "must be a list of texts");
            return Vec::new();
        };
        let mut texts = Vec::with_capacity(list.len());
        for (index, entry) in list.iter().enumerate() {
            match entry.as_str() {
                Some(text) => texts.push(text),
                None => faults
                    .push(format!("{}[{index}]", self.path_of(key)), "must be a text in quotes"),
            }
        }
        texts
    }

    /// One of a closed set of words; `None` if it is left out.
    pub(super) fn word<T: serde::de::DeserializeOwned>(
        &self,
        key: &str,
        words: &[&str],
        faults: &mut Faults,
    ) -> Option<T> {
        let text = self.text(key, faults)?;
        let parsed = serde_json::from_value(Value::String(text.to_owned())).ok();
        if parsed.is_none() {
            faults.push(self.path_of(key), format!("must be one of: {}", words.join(", ")));
        }
        parsed
    }

    /// A table; an empty one if it is left out.
    pub(super) fn table(&self, key: &str, faults: &mut Faults) -> Option<&'a Map<String, Value>> {
        let value = self.value(key)?;
        if value.as_object().is_none() {
            faults.push(self.path_of(key), "must be a table");
        }
        value.as_object()
    }
}

/// Whether a text is a slug.
pub fn is_slug(text: &str) -> bool {
    (1..=SLUG_MAX).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// What is said about a key that nobody knows.
pub(super) fn unknown_key(key: &str, known: &[&str]) -> String {
    match nearest(key, known.iter().copied()) {
        Some(near) => format!("unknown key; did you mean `{near}`?"),
        None => format!("unknown key; known are: {}", known.join(", ")),
    }
}

/// What is said about something that exists elsewhere or later, but not here.
pub(super) fn not_here<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    let list = known.clone().collect::<Vec<_>>().join(", ");
    let near =
        nearest(name, known).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    format!("`{name}` is not in this version, which has: {list}{near}")
}
