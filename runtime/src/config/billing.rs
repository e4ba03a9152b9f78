//! `[billing.stripe]`: export of usage. Accepted; refused at start while it does nothing.

use super::keys::Keys;
use rookery_domain::Secret;
use url::Url;

/// Export of usage.
#[derive(Debug, Clone)]
pub struct BillingConfig {
    /// The provider's address.
    pub api_url: Option<Url>,
    /// Its key.
    pub secret_key: Secret,
    /// The secret of its webhooks.
    pub webhook_secret: Secret,
}

impl BillingConfig {
    pub(super) fn read(keys: &mut Keys<'_>) -> Self {
        Self {
            api_url: keys.read("billing.stripe.api_url"),
            secret_key: keys.secret("billing.stripe.secret_key"),
            webhook_secret: keys.secret("billing.stripe.webhook_secret"),
        }
    }
}
