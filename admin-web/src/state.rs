//! What every handler works on.

use crate::auth::{OriginIndex, SignIns, Throttle};
use crate::pages::Assets;
use crate::settings::WebSettings;
use crate::socket::MintedSessions;
use rookery_domain::ports::{
    ApiKeys, ControlStore, Directory, Inbox, Ingestion, LiveEvents, Outbox, Turns,
};
use rookery_domain::{Clock, IdSource};
use std::sync::Arc;
use tokio::sync::{Semaphore, watch};

/// The ports behind the HTTP surface.
#[derive(Debug, Clone)]
pub struct WebPorts {
    /// The door for everything inbound.
    pub ingestion: Arc<dyn Ingestion>,
    /// What is happening right now.
    pub live: Arc<dyn LiveEvents>,
    /// Tenants, agents, connections and keys.
    pub directory: Arc<dyn Directory>,
    /// One-time keys.
    pub api_keys: Arc<dyn ApiKeys>,
    /// The list of tenants, from which the known web origins are read.
    pub control: Arc<dyn ControlStore>,
    /// Runs.
    pub inbox: Arc<dyn Inbox>,
    /// Replies.
    pub outbox: Arc<dyn Outbox>,
    /// Sessions.
    pub turns: Arc<dyn Turns>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Fresh ids.
    pub ids: Arc<dyn IdSource>,
}

/// The ports, the settings and what this process remembers about its clients. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AppState {
    pub(crate) ports: Arc<WebPorts>,
    pub(crate) settings: Arc<WebSettings>,
    pub(crate) memory: Arc<Memory>,
    draining: watch::Receiver<bool>,
}

/// What this process remembers about its clients; all of it may be lost.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) throttle: Throttle,
    pub(crate) sign_ins: SignIns,
    pub(crate) origins: OriginIndex,
    pub(crate) minted: MintedSessions,
    pub(crate) assets: Assets,
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) sockets: Arc<Semaphore>,
}

impl AppState {
    /// Puts the ports together. `draining` turns true when the process is about to end: event
    /// streams and sockets then end cleanly, so that their clients come back elsewhere.
    pub fn new(ports: WebPorts, settings: WebSettings, draining: watch::Receiver<bool>) -> Self {
        let memory = Memory {
            throttle: Throttle::new(settings.auth_failures_per_minute_max, &settings.cookie_key),
            sign_ins: SignIns::new(&settings.cookie_key, settings.sign_in_lifetime),
            origins: OriginIndex::default(),
            minted: MintedSessions::default(),
            assets: Assets::new(),
            streams: Arc::new(Semaphore::new(settings.streams_max)),
            sockets: Arc::new(Semaphore::new(settings.sockets_max)),
        };
        Self {
            ports: Arc::new(ports),
            settings: Arc::new(settings),
            memory: Arc::new(memory),
            draining,
        }
    }

    /// Resolves when the process is about to end.
    pub(crate) async fn drained(&self) {
        let mut draining = self.draining.clone();
        if draining.wait_for(|draining| *draining).await.is_err() {
            // The sender is gone without having said so: whoever embeds this never drains.
            std::future::pending::<()>().await;
        }
    }
}
