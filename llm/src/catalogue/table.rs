//! The table and its look-up.

use crate::error::LlmError;
use std::collections::BTreeMap;

/// What a model that is not in the table is taken to read: small enough for almost all.
pub const UNKNOWN_CONTEXT_TOKENS: u64 = 32_000;
/// What a model that is not in the table is taken to write.
pub const UNKNOWN_OUTPUT_TOKENS: u32 = 4_096;
/// The shortest date at the end of a model's name, as in `-20250929`.
const DATE_DIGITS_MIN: usize = 6;

const BUNDLED: &str = include_str!("../../../config/models.toml");

/// Known models by the vendor's name.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelCatalogue {
    /// When the prices were read, `YYYY-MM`.
    prices_as_of: String,
    models: BTreeMap<String, ModelFacts>,
}

/// What is known about one model.
#[derive(Debug, Clone, Copy, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFacts {
    /// The most tokens it reads and writes in one call, together.
    pub context_tokens: u64,
    /// The most tokens it writes in one call.
    pub output_tokens_max: u32,
    /// What it costs, where the vendor publishes it.
    #[serde(default)]
    pub price: Option<Price>,
}

/// US dollars for a million tokens.
#[derive(Debug, Clone, Copy, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Read.
    pub input_usd_per_million: f64,
    /// Written.
    pub output_usd_per_million: f64,
}

impl ModelFacts {
    /// What a model is taken for that is not in the table.
    pub const UNKNOWN: Self = Self {
        context_tokens: UNKNOWN_CONTEXT_TOKENS,
        output_tokens_max: UNKNOWN_OUTPUT_TOKENS,
        price: None,
    };
}

impl ModelCatalogue {
    /// The table that is compiled in.
    pub fn bundled() -> Result<Self, LlmError> {
        Self::parse(BUNDLED)
    }

    /// A table in the form of `config/models.toml`.
    pub fn parse(text: &str) -> Result<Self, LlmError> {
        toml::from_str(text).map_err(LlmError::Catalogue)
    }

    /// When the prices were read, `YYYY-MM`.
    pub fn prices_as_of(&self) -> &str {
        &self.prices_as_of
    }

    /// A model by the vendor's name, with or without a date behind it, or behind an aggregator's
    /// path (`vendor/model`).
    pub fn find(&self, model: &str) -> Option<ModelFacts> {
        let name = model.rsplit('/').next().unwrap_or(model);
        self.models.get(name).or_else(|| self.models.get(undated(name)?)).copied()
    }

    /// The same, with [`ModelFacts::UNKNOWN`] for what is not in the table.
    pub fn facts(&self, model: &str) -> ModelFacts {
        self.find(model).unwrap_or(ModelFacts::UNKNOWN)
    }
}

/// The name without a date or `-latest` at its end.
fn undated(name: &str) -> Option<&str> {
    if let Some(undated) = name.strip_suffix("-latest") {
        return Some(undated);
    }
    let undated =
        name.trim_end_matches(|character: char| character.is_ascii_digit() || character == '-');
    // `claude-x-4-5-20250929`: the version before the date belongs to the name.
    let tail = name.get(undated.len()..)?;
    let start = date_start(tail)?;
    name.get(..undated.len() + start)
}

/// Where `-YYYYMMDD` or `-YYYY-MM-DD` begins in a tail of digits and dashes.
fn date_start(tail: &str) -> Option<usize> {
    let compact = tail.rfind('-')?;
    if tail.len() - compact > DATE_DIGITS_MIN {
        return Some(compact);
    }
    let parts: Vec<&str> = tail.rsplitn(4, '-').collect();
    match parts.as_slice() {
        [day, month, year, before] if day.len() == 2 && month.len() == 2 && year.len() == 4 => {
            Some(before.len())
        }
        _ => None,
    }
}
