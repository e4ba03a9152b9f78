//! The merged settings, asked key by key. Whoever asks makes the key known: what is left over at
//! the end is unknown, and no second list of names can drift from the code.

use super::setting::Setting;
use rookery_control::{Faults, nearest};
use rookery_domain::Secret;
use serde_json::Value;
use std::collections::BTreeSet;

/// The merged settings while they are being read.
#[derive(Debug)]
pub(super) struct Keys<'a> {
    root: &'a Value,
    asked: BTreeSet<String>,
    secret: BTreeSet<String>,
    pub(super) faults: Faults,
}

/// A key that nobody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownKey {
    /// Its path.
    pub path: String,
    /// What it most likely means.
    pub near: Option<String>,
}

impl std::fmt::Display for UnknownKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: unknown key", self.path)?;
        match &self.near {
            Some(near) => write!(formatter, "; did you mean `{near}`?"),
            None => Ok(()),
        }
    }
}

impl<'a> Keys<'a> {
    /// Over a tree of tables.
    pub(super) fn new(root: &'a Value) -> Self {
        Self { root, asked: BTreeSet::new(), secret: BTreeSet::new(), faults: Faults::default() }
    }

    /// A value that `default.toml` has.
    pub(super) fn read<T: Setting>(&mut self, path: &str) -> T {
        self.optional(path).unwrap_or_else(|| {
            self.faults.push(path, "is missing");
            T::placeholder()
        })
    }

    /// A value that may be absent, because the table around it is the operator's own.
    pub(super) fn optional<T: Setting>(&mut self, path: &str) -> Option<T> {
        self.asked.insert(path.to_owned());
        let value = self.find(path)?;
        Some(T::read(value).unwrap_or_else(|message| {
            self.faults.push(path, message);
            T::placeholder()
        }))
    }

    /// A secret that `default.toml` has (empty: not set).
    pub(super) fn secret(&mut self, path: &str) -> Secret {
        self.secret.insert(path.to_owned());
        self.read(path)
    }

    /// A secret in a table of the operator's own.
    pub(super) fn optional_secret(&mut self, path: &str) -> Option<Secret> {
        self.secret.insert(path.to_owned());
        self.optional(path)
    }

    /// The names in a table of the operator's own.
    pub(super) fn names(&mut self, path: &str) -> Vec<String> {
        self.asked.insert(path.to_owned());
        match self.find(path) {
            Some(Value::Object(table)) => {
                let mut names: Vec<String> = table.keys().cloned().collect();
                names.sort_unstable();
                names
            }
            Some(_) => {
                self.faults.push(path, "must be a section");
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    /// One word of a closed set.
    pub(super) fn word<T: Copy>(&mut self, path: &str, words: &[(&str, T)], default: T) -> T {
        let text: String = self.read(path);
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
            return *meaning;
        }
        let list: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        self.faults.push(path, format!("must be one of: {}", list.join(", ")));
        default
    }

    /// Faults, unknown keys and the paths of secrets.
    pub(super) fn finish(self) -> (Faults, Vec<UnknownKey>, BTreeSet<String>) {
        let mut unknown = Vec::new();
        self.collect_unknown("", self.root, &mut unknown);
        unknown.sort_unstable_by(|left, right| left.path.cmp(&right.path));
        (self.faults, unknown, self.secret)
    }

    fn find(&self, path: &str) -> Option<&'a Value> {
        path.split('.').try_fold(self.root, |value, key| value.get(key))
    }

    fn collect_unknown(&self, path: &str, value: &Value, unknown: &mut Vec<UnknownKey>) {
        let Some(table) = value.as_object() else {
            return;
        };
        for (key, inner) in table {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            let below = format!("{path}.");
            let leads_on = self.asked.iter().any(|asked| asked.starts_with(&below));
            if leads_on && inner.is_object() {
                self.collect_unknown(&path, inner, unknown);
            } else if !self.asked.contains(&path) {
                let near = self.nearest(&path);
                unknown.push(UnknownKey { path, near });
            }
        }
    }

    /// The known path nearest to a mistyped one: first among its siblings, then anywhere.
    fn nearest(&self, path: &str) -> Option<String> {
        let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
        let siblings = self.asked.iter().filter_map(|asked| {
            let rest = if parent.is_empty() {
                asked.as_str()
            } else {
                asked.strip_prefix(parent)?.strip_prefix('.')?
            };
            rest.split('.').next()
        });
        if let Some(sibling) = nearest(name, siblings) {
            return Some(match parent {
                "" => sibling.to_owned(),
                parent => format!("{parent}.{sibling}"),
            });
        }
        let all = self.asked.iter().map(String::as_str);
        nearest(path, all).map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::Keys;
    use serde_json::json;

    #[test]
    fn what_nobody_asked_for_is_unknown_and_names_its_neighbour() {
        let root = json!({
            "http": { "listen": "x", "lisen": "y" },
            "htp": { "listen": "z" },
            "llm": { "providers": { "main": { "kind": "offline", "bse_url": "" } } },
        });
        let mut keys = Keys::new(&root);
        let _listen: String = keys.read("http.listen");
        for name in keys.names("llm.providers") {
            let _kind: Option<String> = keys.optional(&format!("llm.providers.{name}.kind"));
            let _url: Option<String> = keys.optional(&format!("llm.providers.{name}.base_url"));
        }
        let (_, unknown, _) = keys.finish();
        let lines: Vec<String> = unknown.iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "htp: unknown key; did you mean `http`?",
                "http.lisen: unknown key; did you mean `http.listen`?",
                "llm.providers.main.bse_url: unknown key; did you mean `llm.providers.main.base_url`?",
            ]
        );
    }

    #[test]
    fn a_section_that_is_no_table_is_unknown_and_its_keys_are_missing() {
        let root = json!({ "http": "oops" });
        let mut keys = Keys::new(&root);
        let _listen: String = keys.read("http.listen");
        let (faults, unknown, _) = keys.finish();
        assert_eq!(faults.to_string(), "http.listen: is missing");
        assert_eq!(unknown.len(), 1);
    }
}
