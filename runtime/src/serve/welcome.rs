//! What a fresh machine gets: a tenant, an agent, a key, and one line with a link.

use super::data_dir::write_private;
use crate::config::{Config, ProviderOrigin};
use crate::output;
use anyhow::Context;
use rookery_control::Control;
use rookery_control::bootstrap::{ADMIN_KEY, DEFAULT_TENANT};
use rookery_domain::id::TenantId;
use rookery_domain::ports::ControlStore;

/// Where the admin key of an embedded install is kept (mode 0600).
const ADMIN_KEY_FILE: &str = "admin.key";

/// Sets up the embedded default where there is no tenant yet. Returns the tenant that it made.
pub(super) async fn bootstrap(
    config: &Config,
    control: &Control,
    store: &dyn ControlStore,
) -> anyhow::Result<Option<TenantId>> {
    if !config.storage.is_embedded_default() || !store.tenants(None, 1).await?.is_empty() {
        return Ok(None);
    }
    let outcome = control.bootstrap().await?;
    if let Some(value) = outcome.applied.api_keys.get(ADMIN_KEY).and_then(|key| key.value.as_ref())
    {
        let path = config.storage.file(ADMIN_KEY_FILE);
        write_private(&path, value.0.expose())?;
        tracing::info!(path = %path.display(), tenant = DEFAULT_TENANT, "the admin key is kept here");
    }
    Ok(Some(outcome.applied.tenant.id))
}

/// Prints the link of an embedded install, if this is one.
pub(super) async fn print_link(
    config: &Config,
    control: &Control,
    base_url: &str,
) -> anyhow::Result<()> {
    if !config.storage.is_embedded_default() {
        return Ok(());
    }
    let Some(sign_in) = control.sign_in().await.context("cannot make a sign-in link")? else {
        output::result(&format!("{base_url} ({})", who_answers(config)));
        return Ok(());
    };
    output::result(&format!(
        "{base_url}/chat/{}?token={} ({})",
        sign_in.agent,
        sign_in.token.expose(),
        who_answers(config)
    ));
    Ok(())
}

fn who_answers(config: &Config) -> String {
    match &config.llm.origin {
        ProviderOrigin::Found(found) => {
            format!("answers: {}/{}, with the key in {}", found.name, found.model, found.variable)
        }
        ProviderOrigin::Offline => "answers: the offline model, for no model key is set".to_owned(),
        ProviderOrigin::Configured => "answers: the configured models".to_owned(),
    }
}
