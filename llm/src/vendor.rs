//! The catalogue of vendor families: one line each.

use crate::error::LlmError;
use crate::provider::Provider;
use crate::settings::ProviderSettings;
use crate::{anthropic, offline, openai};
use rookery_domain::Clock;
use std::sync::Arc;

/// What a provider is built from.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    /// The shared client, with its TLS and its egress guard.
    pub(crate) client: reqwest::Client,
    /// For dates in `Retry-After`.
    pub(crate) clock: Arc<dyn Clock>,
}

/// Builds a provider.
type Open = fn(&ProviderSettings, &Parts) -> Result<Arc<dyn Provider>, LlmError>;

/// One line of the catalogue.
#[derive(Debug)]
pub(crate) struct Entry {
    kind: &'static str,
    pub(crate) check: fn(&ProviderSettings) -> Result<(), String>,
    pub(crate) open: Open,
}

const ENTRIES: [Entry; 3] = [
    Entry { kind: openai::KIND, check: openai::check, open: openai::open },
    Entry { kind: anthropic::KIND, check: anthropic::check, open: anthropic::open },
    Entry { kind: offline::KIND, check: offline::check, open: offline::open },
];

/// Kinds that the configuration names and this version does not have.
const LATER: [&str; 2] = ["gemini", "ollama"];

/// What a kind stands for.
pub(crate) enum Vendor {
    Known(&'static Entry),
    Later,
    Unknown,
}

/// Looks a kind up.
pub(crate) fn find(kind: &str) -> Vendor {
    match ENTRIES.iter().find(|entry| entry.kind == kind) {
        Some(entry) => Vendor::Known(entry),
        None if LATER.contains(&kind) => Vendor::Later,
        None => Vendor::Unknown,
    }
}

/// The kinds of provider that this version has.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    ENTRIES.iter().map(|entry| entry.kind)
}
