//! Can each model provider be reached, and is its key set? Nothing is asked that costs money.

use super::report::Check;
use crate::config::{Config, ProviderOrigin};
use crate::http_clients;
use crate::wiring;
use rookery_llm::ProviderSettings;
use std::time::Duration;

/// How long a provider may take to answer at all.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// Where a kind of provider is when nothing else is configured.
const PUBLIC_ADDRESSES: [(&str, &str); 2] =
    [("openai", "https://api.openai.com/v1"), ("anthropic", "https://api.anthropic.com")];

/// Checks every provider.
pub(super) async fn check(config: &Config) -> Vec<Check> {
    const NAME: &str = "models";
    let clients = wiring::models(config).and_then(|_router| http_clients::for_models());
    let client = match clients {
        Ok(client) => client,
        Err(error) => return vec![Check::failed(NAME, format!("{error:#}"), "correct [llm]")],
    };
    let mut checks = Vec::new();
    if config.llm.origin == ProviderOrigin::Offline {
        checks.push(Check::warning(
            NAME,
            "no provider is configured: the offline model answers",
            "configure one under llm.providers, or set OPENAI_API_KEY or ANTHROPIC_API_KEY",
        ));
    }
    for provider in &config.llm.router.providers {
        let name = format!("model provider {}", provider.name);
        checks.push(match address(provider) {
            None => Check::ok(&name, format!("{}, in this process", provider.kind)),
            Some(url) => reach(&name, &url, !provider.api_key.is_empty(), &client).await,
        });
    }
    checks
}

/// Where a provider is; `None` for one that is not reached over the network.
fn address(provider: &ProviderSettings) -> Option<String> {
    if !provider.base_url.is_empty() {
        return Some(provider.base_url.clone());
    }
    let public = PUBLIC_ADDRESSES.iter();
    let mut public = public.filter(|(kind, _)| *kind == provider.kind);
    public.next().map(|(_, url)| (*url).to_owned())
}

async fn reach(name: &str, url: &str, has_key: bool, client: &reqwest::Client) -> Check {
    let answered = client.get(url).timeout(TIME_LIMIT).send().await;
    match answered {
        Err(error) => Check::failed(
            name,
            format!("{url} does not answer: {}", error.without_url()),
            "check base_url, the network, and that the provider is up",
        ),
        Ok(_) if !has_key => Check::warning(
            name,
            format!("{url} answers; no key is set"),
            "set its api_key, unless every tenant brings its own or none is needed",
        ),
        Ok(_) => Check::ok(name, format!("{url} answers; a key is set")),
    }
}
