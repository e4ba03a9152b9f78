//! The process's environment, read once. Everything else receives values.

use rookery_domain::Secret;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Settings start with this; the double underscore separates the levels.
const SETTING_PREFIX: &str = "ROOKERY__";
/// Names the configuration file.
const FILE_VARIABLE: &str = "ROOKERY_CONFIG";
/// Where the kill suite says when the process is to end.
#[cfg(feature = "kill-points")]
const KILL_POINT_VARIABLE: &str = "ROOKERY_KILL_POINT";

/// Keys that other tools use, too: with one of them set and no provider configured, the embedded
/// default answers through it. Name, variable, kind, model.
const KNOWN_KEYS: [(&str, &str, &str, &str); 2] = [
    ("openai", "OPENAI_API_KEY", "openai", "gpt-5-mini"),
    ("anthropic", "ANTHROPIC_API_KEY", "anthropic", "claude-sonnet-4-5"),
];

/// The environment as text.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, Secret>);

impl std::fmt::Debug for Environment {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

/// A provider whose key stands in the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundProvider {
    /// What it is called in routes.
    pub name: &'static str,
    /// The variable that held the key.
    pub variable: &'static str,
    /// Its kind.
    pub kind: &'static str,
    /// The model it answers with.
    pub model: &'static str,
    /// The key.
    pub api_key: Secret,
}

impl Environment {
    /// The process's own. Variables that are not text are left out.
    pub fn of_process() -> Self {
        Self::from_pairs(std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }))
    }

    /// From pairs, for tests.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name, Secret::new(value))).collect())
    }

    /// One variable.
    pub fn get(&self, name: &str) -> Option<&Secret> {
        self.0.get(name)
    }

    /// The variables that are settings.
    pub(super) fn settings(&self) -> impl Iterator<Item = (String, String)> {
        self.0
            .iter()
            .filter(|(name, _)| name.starts_with(SETTING_PREFIX))
            .map(|(name, value)| (name.clone(), value.expose().to_owned()))
    }

    /// The configuration file that the environment names.
    pub(super) fn file(&self) -> Option<PathBuf> {
        let path = self.get(FILE_VARIABLE)?;
        (!path.is_empty()).then(|| PathBuf::from(path.expose()))
    }

    /// Where and when the kill suite wants this process dead, such as `K4:3`.
    #[cfg(feature = "kill-points")]
    pub fn kill_point(&self) -> Option<&str> {
        self.get(KILL_POINT_VARIABLE).map(Secret::expose)
    }

    /// The first provider whose key is set.
    pub(super) fn found_provider(&self) -> Option<FoundProvider> {
        KNOWN_KEYS.iter().find_map(|(name, variable, kind, model)| {
            let api_key = self.get(variable).filter(|key| !key.is_empty())?;
            Some(FoundProvider { name, variable, kind, model, api_key: api_key.clone() })
        })
    }
}
