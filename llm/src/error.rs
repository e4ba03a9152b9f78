//! What can be wrong before any call is made. Failures of calls are the domain's `ModelError`.

use rookery_domain::ErrorKind;
use std::fmt;

/// Why a router or a catalogue could not be built.
#[derive(Debug, thiserror::Error)]
pub enum LlmError {
    /// The settings contradict themselves; every fault is listed.
    #[error("invalid model settings:{}", list(.0))]
    Settings(Vec<SettingsFault>),
    /// The HTTP client of a provider could not be set up.
    #[error("cannot set up the client of provider `{provider}`")]
    Client {
        /// The configured name.
        provider: String,
        /// Why.
        #[source]
        source: Box<genai::Error>,
    },
    /// The table of known models cannot be read.
    #[error("invalid table of models")]
    Catalogue(#[source] toml::de::Error),
}

impl LlmError {
    /// A base URL that cannot be used.
    pub(crate) fn base_url(provider: &str, problem: String) -> Self {
        let key = format!("llm.providers.{provider}.base_url");
        Self::Settings(vec![SettingsFault::new(key, problem)])
    }

    /// A kind that is not in the catalogue.
    pub(crate) fn unknown_kind(provider: &str, kind: &str) -> Self {
        let key = format!("llm.providers.{provider}.kind");
        Self::Settings(vec![SettingsFault::new(key, format!("`{kind}` is not a kind of provider"))])
    }

    /// Its kind.
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Settings(_) | Self::Catalogue(_) => ErrorKind::Invalid,
            Self::Client { .. } => ErrorKind::Internal,
        }
    }
}

/// One thing that is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsFault {
    /// The config key, such as `llm.providers.main.kind`.
    pub key: String,
    /// What is wrong with it. Never contains a secret.
    pub problem: String,
}

impl SettingsFault {
    pub(crate) fn new(key: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { key: key.into(), problem: problem.into() }
    }
}

impl fmt::Display for SettingsFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.key, self.problem)
    }
}

fn list(faults: &[SettingsFault]) -> String {
    faults.iter().fold(String::new(), |text, fault| text + "\n  " + &fault.to_string())
}
