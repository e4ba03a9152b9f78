//! `[llm]`: providers, routes, and when a provider is left alone.

use super::environment::{Environment, FoundProvider};
use super::keys::Keys;
use rookery_domain::model::{ModelRef, ModelRole};
use rookery_llm::{
    BreakerSettings, OFFLINE_KIND, OFFLINE_MODEL, ProviderLimits, ProviderSettings, RetrySettings,
    RouterSettings,
};
use std::collections::BTreeMap;

/// What the offline provider is called where nothing is configured.
const OFFLINE_PROVIDER: &str = "offline";

/// Providers and routes.
#[derive(Debug, Clone)]
pub struct LlmConfig {
    /// As the router takes them. Never without a provider.
    pub router: RouterSettings,
    /// Where the provider came from when the configuration has none.
    pub origin: ProviderOrigin,
}

/// Where the providers came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderOrigin {
    /// The configuration.
    Configured,
    /// A key found in the environment.
    Found(FoundProvider),
    /// Nowhere: the offline model answers.
    Offline,
}

impl LlmConfig {
    pub(super) fn read(keys: &mut Keys<'_>, environment: &Environment) -> Self {
        let limits = ProviderLimits {
            concurrency_max: keys.read("llm.concurrency_max"),
            slot_wait_max: keys.read("llm.slot_wait_max"),
            first_byte_max: keys.read("llm.first_byte_max"),
            idle_max: keys.read("llm.idle_max"),
        };
        let mut router = RouterSettings {
            providers: keys
                .names("llm.providers")
                .into_iter()
                .map(|name| provider(keys, name, limits))
                .collect(),
            roles: roles(keys),
            breaker: breaker(keys),
            retry: retry(keys),
        };
        let origin = if router.providers.is_empty() {
            fill(&mut router, environment)
        } else {
            ProviderOrigin::Configured
        };
        for fault in router.faults() {
            keys.faults.push(fault.key, fault.problem);
        }
        Self { router, origin }
    }
}

fn provider(keys: &mut Keys<'_>, name: String, limits: ProviderLimits) -> ProviderSettings {
    let path = format!("llm.providers.{name}");
    let kind: Option<String> = keys.optional(&format!("{path}.kind"));
    if kind.is_none() {
        keys.faults.push(format!("{path}.kind"), "is missing");
    }
    let mut settings = ProviderSettings::new(name, kind.unwrap_or_else(|| OFFLINE_KIND.to_owned()));
    if let Some(base_url) = keys.optional(&format!("{path}.base_url")) {
        settings.base_url = base_url;
    }
    if let Some(api_key) = keys.optional_secret(&format!("{path}.api_key")) {
        settings.api_key = api_key;
    }
    settings.limits = ProviderLimits {
        concurrency_max: keys
            .optional(&format!("{path}.concurrency_max"))
            .unwrap_or(limits.concurrency_max),
        slot_wait_max: keys
            .optional(&format!("{path}.slot_wait_max"))
            .unwrap_or(limits.slot_wait_max),
        first_byte_max: keys
            .optional(&format!("{path}.first_byte_max"))
            .unwrap_or(limits.first_byte_max),
        idle_max: keys.optional(&format!("{path}.idle_max")).unwrap_or(limits.idle_max),
    };
    settings
}

fn roles(keys: &mut Keys<'_>) -> BTreeMap<ModelRole, Vec<ModelRef>> {
    let mut roles = BTreeMap::new();
    for role in ModelRole::ALL {
        let path = format!("llm.roles.{}", role.as_str());
        let texts: Vec<String> = keys.read(&path);
        let mut route = Vec::with_capacity(texts.len());
        for text in texts {
            match text.parse() {
                Ok(model) => route.push(model),
                Err(error) => keys.faults.push(&path, format!("`{text}` is {error}")),
            }
        }
        if !route.is_empty() {
            roles.insert(role, route);
        }
    }
    roles
}

fn breaker(keys: &mut Keys<'_>) -> BreakerSettings {
    BreakerSettings {
        failures_max: keys.read("llm.breaker.failures_max"),
        open_for: keys.read("llm.breaker.open_for"),
    }
}

fn retry(keys: &mut Keys<'_>) -> RetrySettings {
    RetrySettings {
        attempts_max: keys.read("llm.retry.attempts_max"),
        backoff_min: keys.read("llm.retry.backoff_min"),
        wait_max: keys.read("llm.retry.wait_max"),
    }
}

/// Nothing is configured: a key that other tools left in the environment, or the offline model.
fn fill(router: &mut RouterSettings, environment: &Environment) -> ProviderOrigin {
    let (settings, model, origin) = match environment.found_provider() {
        Some(found) => {
            let mut settings = ProviderSettings::new(found.name, found.kind);
            settings.api_key = found.api_key.clone();
            (settings, found.model, ProviderOrigin::Found(found))
        }
        None => (
            ProviderSettings::new(OFFLINE_PROVIDER, OFFLINE_KIND),
            OFFLINE_MODEL,
            ProviderOrigin::Offline,
        ),
    };
    let route = vec![ModelRef { provider: settings.name.clone(), model: model.to_owned() }];
    router.providers.push(settings);
    router.roles.entry(ModelRole::Chat).or_insert(route);
    origin
}
