//! Every platform of this build: one line each.

use crate::error::ChannelsError;
use crate::telegram::{TelegramAdapter, TelegramSettings};
use crate::web::WebAdapter;
use rookery_domain::channel::ChannelKind;
use rookery_domain::ports::{Adapter, ChannelCatalogue};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the operator sets, by platform.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChannelSettings {
    /// `channels.telegram`.
    pub telegram: TelegramSettings,
}

/// The platforms of this build, by name.
#[derive(Debug, Clone)]
pub struct Catalogue {
    adapters: BTreeMap<ChannelKind, Arc<dyn Adapter>>,
}

impl Catalogue {
    /// Makes every adapter over one shared HTTP client, which carries the connect time-out and the
    /// TLS set-up; each call sets its own total time-out.
    pub fn new(
        settings: ChannelSettings,
        client: &reqwest012::Client,
    ) -> Result<Self, ChannelsError> {
        let adapters: [Arc<dyn Adapter>; 2] = [
            Arc::new(TelegramAdapter::new(settings.telegram, client.clone())?),
            Arc::new(WebAdapter),
        ];
        Ok(Self {
            adapters: adapters.into_iter().map(|adapter| (adapter.kind(), adapter)).collect(),
        })
    }
}

impl ChannelCatalogue for Catalogue {
    fn find(&self, kind: &ChannelKind) -> Option<Arc<dyn Adapter>> {
        self.adapters.get(kind).map(Arc::clone)
    }

    fn kinds(&self) -> Vec<ChannelKind> {
        self.adapters.keys().cloned().collect()
    }
}
