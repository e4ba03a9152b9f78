//! The layers, merged and read.

use super::agents::AgentsConfig;
use super::billing::BillingConfig;
use super::channels::ChannelsConfig;
use super::cluster::ClusterConfig;
use super::egress::EgressConfig;
use super::environment::Environment;
use super::http::HttpConfig;
use super::keys::{Keys, UnknownKey};
use super::limits::LimitsConfig;
use super::llm::LlmConfig;
use super::log::LogConfig;
use super::memory::MemoryConfig;
use super::ops::OpsConfig;
use super::redis::RedisConfig;
use super::secrets::SecretsConfig;
use super::storage::StorageConfig;
use config::{ConfigError, FileFormat};
use rookery_control::Faults;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Every key with its default and a sentence about it.
pub const DEFAULTS: &str = include_str!("../../../config/default.toml");
/// Where a file is looked for when none is named.
const DEFAULT_FILE: &str = "rookery.toml";

/// The operator's settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// The public listener.
    pub http: HttpConfig,
    /// The private listener.
    pub ops: OpsConfig,
    /// Log lines.
    pub log: LogConfig,
    /// Database and data directory.
    pub storage: StorageConfig,
    /// The root key.
    pub secrets: SecretsConfig,
    /// Platforms.
    pub channels: ChannelsConfig,
    /// What holds for agents that do not say otherwise.
    pub agents: AgentsConfig,
    /// Models.
    pub llm: LlmConfig,
    /// Every limit and duration.
    pub limits: LimitsConfig,
    /// The guard of outgoing requests.
    pub egress: EgressConfig,
    /// Shared wake-ups.
    pub redis: RedisConfig,
    /// Memory of agents.
    pub memory: MemoryConfig,
    /// More than one node.
    pub cluster: ClusterConfig,
    /// Export of usage.
    pub billing: BillingConfig,
}

/// What loading found.
#[derive(Clone)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// The file that was read, if there was one.
    pub file: Option<PathBuf>,
    /// Keys that this version does not know.
    pub unknown: Vec<UnknownKey>,
    pub(super) tree: Value,
    pub(super) secret_paths: BTreeSet<String>,
}

/// Without the merged tree, in which secrets are plain text.
impl std::fmt::Debug for Loaded {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Loaded")
            .field("config", &self.config)
            .field("file", &self.file)
            .field("unknown", &self.unknown)
            .finish_non_exhaustive()
    }
}

/// Loads the settings: the defaults, then the named file (else the environment's, else
/// `./rookery.toml` if there is one), then the environment. Reports every fault.
pub fn load(named: Option<&Path>, environment: &Environment) -> Result<Loaded, Faults> {
    let file = named
        .map(Path::to_owned)
        .or_else(|| environment.file())
        .or_else(|| Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.exists()));
    let tree = merge(file.as_deref(), environment).map_err(|error| {
        let mut faults = Faults::default();
        faults.push("", describe(&error, file.as_deref()));
        faults
    })?;
    let mut keys = Keys::new(&tree);
    let config = read(&mut keys, environment);
    let (faults, unknown, secret_paths) = keys.finish();
    faults.or(Loaded { config, file, unknown, tree: tree.clone(), secret_paths })
}

fn merge(file: Option<&Path>, environment: &Environment) -> Result<Value, ConfigError> {
    let mut layers =
        config::Config::builder().add_source(config::File::from_str(DEFAULTS, FileFormat::Toml));
    if let Some(path) = file {
        layers = layers.add_source(config::File::from(path).format(FileFormat::Toml));
    }
    let variables = config::Environment::with_prefix("ROOKERY")
        .prefix_separator("__")
        .separator("__")
        .source(Some(environment.settings().collect()));
    let mut tree: Value = layers.add_source(variables).build()?.try_deserialize()?;
    // The layers are hash maps; people and tests want one order.
    tree.sort_all_objects();
    Ok(tree)
}

fn describe(error: &ConfigError, file: Option<&Path>) -> String {
    match (error, file) {
        (ConfigError::FileParse { cause, .. }, Some(path)) => {
            format!("{} is not TOML: {cause}", path.display())
        }
        (ConfigError::NotFound(_) | ConfigError::Foreign(_), Some(path)) => {
            format!("{} cannot be read: check --config and ROOKERY_CONFIG", path.display())
        }
        (other, _) => other.to_string(),
    }
}

fn read(keys: &mut Keys<'_>, environment: &Environment) -> Config {
    let config = Config {
        http: HttpConfig::read(keys),
        ops: OpsConfig::read(keys),
        log: LogConfig::read(keys),
        storage: StorageConfig::read(keys),
        secrets: SecretsConfig::read(keys),
        channels: ChannelsConfig::read(keys),
        agents: AgentsConfig::read(keys),
        llm: LlmConfig::read(keys, environment),
        limits: LimitsConfig::read(keys),
        egress: EgressConfig::read(keys),
        redis: RedisConfig::read(keys),
        memory: MemoryConfig::read(keys),
        cluster: ClusterConfig::read(keys),
        billing: BillingConfig::read(keys),
    };
    config.ops.check_against(config.http.listen, keys);
    config
}
