//! Language-model providers: who answers a call, over which wire, and what happens when they fail.
//!
//! [`Router`] implements the domain's `LanguageModel`. It picks a route, fails over before the
//! first visible token, retries within limits, and breaks circuits. Each vendor family is one
//! folder with the same file names and one line in `vendor.rs`; families that speak HTTP share
//! `wire`. What does *not* belong here: prompts, the agent loop, tools, quotas, and any word of a
//! provider in an error or a log.

mod anthropic;
mod breaker;
mod catalogue;
mod error;
mod offline;
mod openai;
mod provider;
mod router;
mod settings;
mod vendor;
mod wire;

#[cfg(test)]
mod testing;

pub use breaker::BreakerSettings;
pub use catalogue::{
    ModelCatalogue, ModelFacts, Price, UNKNOWN_CONTEXT_TOKENS, UNKNOWN_OUTPUT_TOKENS,
};
pub use error::{LlmError, SettingsFault};
pub use offline::{KIND as OFFLINE_KIND, MODEL as OFFLINE_MODEL};
pub use router::{ProviderStatus, RetrySettings, Router};
pub use settings::{ProviderLimits, ProviderSettings, ROUTE_MODELS_MAX, RouterSettings};
pub use vendor::kinds;
