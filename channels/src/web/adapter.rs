//! The catalogue entry.

use super::delivery::WebDelivery;
use super::ingress::WebIngress;
use super::settings::WebSettings;
use rookery_domain::channel::ChannelKind;
use rookery_domain::connection::ConnectionConfig;
use rookery_domain::ports::channel::SettingsError;
use rookery_domain::ports::{Adapter, OpenConnection};
use serde_json::{Map, Value};
use std::sync::Arc;

/// The built-in channel. It takes no secrets: its callers have API keys.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WebAdapter;

impl Adapter for WebAdapter {
    fn kind(&self) -> ChannelKind {
        ChannelKind::web()
    }

    fn secret_fields(&self) -> &'static [&'static str] {
        &[]
    }

    fn check_settings(
        &self,
        settings: &Map<String, Value>,
        _secrets_given: &[&str],
    ) -> Result<Value, Vec<SettingsError>> {
        WebSettings::check(settings).map(|settings| serde_json::json!(settings))
    }

    fn open(&self, _config: &ConnectionConfig) -> Result<OpenConnection, SettingsError> {
        Ok(OpenConnection {
            ingress: Arc::new(WebIngress),
            delivery: Arc::new(WebDelivery),
            typing: None,
            edits: None,
            polling: None,
            lifecycle: None,
        })
    }
}
