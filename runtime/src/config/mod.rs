//! The operator's settings: `config/default.toml` (compiled in, every key), then a file, then the
//! environment. The only place that reads the environment.
//!
//! One struct and one file per section, each with its own checks; all faults are reported
//! together. An unknown key is a warning that names the nearest known one, so that an older binary
//! starts with a newer file; `rookery config check` makes it an error. What does not belong here:
//! what a tenant is made of (that is an apply file), and building anything from the settings
//! (`wiring`).

mod agents;
mod billing;
mod channels;
mod cluster;
mod egress;
mod environment;
mod http;
mod keys;
mod limits;
mod llm;
mod load;
mod log;
mod memory;
mod not_here;
mod ops;
mod redis;
mod secrets;
mod setting;
mod show;
mod storage;

#[cfg(test)]
mod tests;

pub use agents::AgentsConfig;
pub use billing::BillingConfig;
pub use channels::{ChannelsConfig, SharedAppConfig};
pub use cluster::ClusterConfig;
pub use egress::EgressConfig;
pub use environment::{Environment, FoundProvider};
pub use http::HttpConfig;
pub use keys::UnknownKey;
pub use limits::{LimitsConfig, ListenerLimits, StorageLimits, WebLimits};
pub use llm::{LlmConfig, ProviderOrigin};
pub use load::{Config, DEFAULTS, Loaded, load};
pub use log::{LogConfig, LogFormat};
pub use memory::{MemoryBackend, MemoryConfig};
pub use ops::OpsConfig;
pub use redis::RedisConfig;
pub use secrets::SecretsConfig;
pub use show::show;
pub use storage::StorageConfig;
