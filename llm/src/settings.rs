//! Providers, routes and limits as values. Reading them from files is the runtime's work.

use crate::breaker::BreakerSettings;
use crate::error::SettingsFault;
use crate::router::RetrySettings;
use crate::vendor::{self, Vendor};
use rookery_domain::Secret;
use rookery_domain::model::{ModelRef, ModelRole};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The most models in one route.
pub const ROUTE_MODELS_MAX: usize = 16;
/// The most configured providers.
const PROVIDERS_MAX: usize = 64;
/// The longest provider name.
const NAME_BYTES_MAX: usize = 64;

/// One configured provider.
#[derive(Debug, Clone)]
pub struct ProviderSettings {
    /// The name that routes use, `[a-z0-9_]+`.
    pub name: String,
    /// One of [`crate::kinds`].
    pub kind: String,
    /// As in the vendor's own SDK; empty means the vendor's public address.
    pub base_url: String,
    /// Used where a tenant brings no key of its own; empty means none is sent.
    pub api_key: Secret,
    /// Its limits.
    pub limits: ProviderLimits,
}

impl ProviderSettings {
    /// A provider of a kind, at the vendor's own address, without a key, with default limits.
    pub fn new(name: impl Into<String>, kind: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind: kind.into(),
            base_url: String::new(),
            api_key: Secret::new(""),
            limits: ProviderLimits::default(),
        }
    }
}

/// Limits of one provider.
#[expect(clippy::struct_field_names, reason = "every field is a limit, and is named as one")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProviderLimits {
    /// Calls at the same time.
    pub concurrency_max: usize,
    /// How long a call waits for its turn before the next model of the route is tried.
    pub slot_wait_max: Duration,
    /// How long the provider may take until it begins to answer, connecting included.
    pub first_byte_max: Duration,
    /// The longest silence on the wire once it has begun.
    pub idle_max: Duration,
}

impl Default for ProviderLimits {
    fn default() -> Self {
        Self {
            concurrency_max: 256,
            slot_wait_max: Duration::from_secs(1),
            first_byte_max: Duration::from_secs(60),
            idle_max: Duration::from_secs(60),
        }
    }
}

/// Everything that a router needs to know.
#[derive(Debug, Clone, Default)]
pub struct RouterSettings {
    /// The providers.
    pub providers: Vec<ProviderSettings>,
    /// The ordered route of each role. A role without one uses that of `chat`, except `embed`.
    pub roles: BTreeMap<ModelRole, Vec<ModelRef>>,
    /// When a provider is left alone.
    pub breaker: BreakerSettings,
    /// When a failed call is tried again.
    pub retry: RetrySettings,
}

impl RouterSettings {
    /// Every fault, in the order of the config file. Empty means valid.
    pub fn faults(&self) -> Vec<SettingsFault> {
        let mut faults = Vec::new();
        if self.providers.len() > PROVIDERS_MAX {
            faults.push(SettingsFault::new(
                "llm.providers",
                format!("more than {PROVIDERS_MAX} providers"),
            ));
        }
        let mut names = BTreeSet::new();
        for provider in &self.providers {
            provider_faults(provider, &mut faults);
            if !names.insert(provider.name.as_str()) {
                faults.push(SettingsFault::new(
                    format!("llm.providers.{}", provider.name),
                    "the name is used twice",
                ));
            }
        }
        for (role, route) in &self.roles {
            route_faults(*role, route, &names, &mut faults);
        }
        if self.breaker.failures_max == 0 {
            faults.push(SettingsFault::new("llm.breaker.failures_max", "must be at least 1"));
        }
        faults
    }
}

fn provider_faults(provider: &ProviderSettings, faults: &mut Vec<SettingsFault>) {
    let key = format!("llm.providers.{}", provider.name);
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if provider.name.is_empty()
        || provider.name.len() > NAME_BYTES_MAX
        || !provider.name.bytes().all(plain)
    {
        faults.push(SettingsFault::new(
            key.as_str(),
            format!("a provider's name is 1 to {NAME_BYTES_MAX} of a-z, 0-9 and _"),
        ));
    }
    match vendor::find(&provider.kind) {
        Vendor::Known(entry) => {
            if let Err(problem) = (entry.check)(provider) {
                faults.push(SettingsFault::new(format!("{key}.base_url"), problem));
            }
        }
        Vendor::Later => faults.push(SettingsFault::new(
            format!("{key}.kind"),
            format!("`{}` is not in this version", provider.kind),
        )),
        Vendor::Unknown => faults.push(SettingsFault::new(
            format!("{key}.kind"),
            format!(
                "`{}` is not a kind of provider: write one of {}",
                provider.kind,
                vendor::kinds().collect::<Vec<_>>().join(", ")
            ),
        )),
    }
    let limits = &provider.limits;
    if limits.concurrency_max == 0 || limits.concurrency_max > tokio::sync::Semaphore::MAX_PERMITS {
        faults.push(SettingsFault::new(format!("{key}.concurrency_max"), "must be at least 1"));
    }
    for (name, value) in [("first_byte_max", limits.first_byte_max), ("idle_max", limits.idle_max)]
    {
        if value.is_zero() {
            faults.push(SettingsFault::new(format!("{key}.{name}"), "must be longer than zero"));
        }
    }
}

fn route_faults(
    role: ModelRole,
    route: &[ModelRef],
    names: &BTreeSet<&str>,
    faults: &mut Vec<SettingsFault>,
) {
    let key = format!("llm.roles.{}", role.as_str());
    if route.len() > ROUTE_MODELS_MAX {
        faults.push(SettingsFault::new(
            key.as_str(),
            format!("a route has at most {ROUTE_MODELS_MAX} models"),
        ));
    }
    for model in route {
        if !names.contains(model.provider.as_str()) {
            faults.push(SettingsFault::new(
                key.as_str(),
                format!("`{model}` names a provider that is not configured"),
            ));
        }
    }
}
