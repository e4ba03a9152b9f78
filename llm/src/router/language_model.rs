//! What all calls share, and the port itself.

use super::answer::Answering;
use super::jitter::Jitter;
use super::plan::RetrySettings;
use super::provider::Seat;
use super::route::Routes;
use crate::breaker::{CircuitKey, Circuits, KeyOwner};
use crate::error::LlmError;
use crate::settings::{ProviderSettings, ROUTE_MODELS_MAX, RouterSettings};
use crate::vendor::{self, Parts, Vendor};
use async_trait::async_trait;
use futures::StreamExt;
use rookery_domain::Clock;
use rookery_domain::model::{ModelRef, ModelRole};
use rookery_domain::ports::{LanguageModel, ModelCall, ModelError, ModelErrorKind, ModelStream};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// Answers calls over the configured providers.
#[derive(Debug, Clone)]
pub struct Router {
    pub(super) shared: Arc<Shared>,
}

/// What all calls share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) seats: BTreeMap<String, Seat>,
    pub(super) routes: Routes,
    pub(super) circuits: Circuits,
    pub(super) retry: RetrySettings,
    pub(super) jitter: Jitter,
}

/// A configured provider, for an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderStatus {
    /// The configured name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// Whether the installation has a key for it.
    pub has_key: bool,
    /// Whether calls with the installation's key are refused at the moment.
    pub circuit_open: bool,
}

impl Router {
    /// Sets up every provider. Settings are checked first, and all faults are reported together.
    ///
    /// The client carries TLS, proxies and the egress guard; it must not have a total timeout
    /// shorter than the longest answer.
    pub fn new(
        settings: RouterSettings,
        client: reqwest::Client,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, LlmError> {
        let faults = settings.faults();
        if !faults.is_empty() {
            return Err(LlmError::Settings(faults));
        }
        let seed = clock.now().as_millis().unsigned_abs();
        let parts = Parts { client, clock };
        let mut seats = BTreeMap::new();
        for provider in settings.providers {
            seats.insert(provider.name.clone(), seat(&provider, &parts)?);
        }
        Ok(Self {
            shared: Arc::new(Shared {
                seats,
                routes: Routes::new(settings.roles),
                circuits: Circuits::new(settings.breaker),
                retry: settings.retry,
                jitter: Jitter::new(seed),
            }),
        })
    }

    /// The ordered models of a role; empty if nothing answers it.
    pub fn route(&self, role: ModelRole) -> &[ModelRef] {
        self.shared.routes.of(role)
    }

    /// Whether a provider of this name is configured.
    pub fn has_provider(&self, name: &str) -> bool {
        self.shared.seats.contains_key(name)
    }

    /// Every configured provider, by name.
    pub fn providers(&self) -> Vec<ProviderStatus> {
        let now = Instant::now();
        self.shared
            .seats
            .values()
            .map(|seat| {
                let circuit =
                    CircuitKey { provider: Arc::clone(&seat.name), owner: KeyOwner::Installation };
                ProviderStatus {
                    name: seat.name.as_ref().to_owned(),
                    kind: seat.kind.clone(),
                    has_key: seat.has_key,
                    circuit_open: self.shared.circuits.is_open(&circuit, now),
                }
            })
            .collect()
    }
}

fn seat(settings: &ProviderSettings, parts: &Parts) -> Result<Seat, LlmError> {
    let Vendor::Known(entry) = vendor::find(&settings.kind) else {
        return Err(LlmError::unknown_kind(&settings.name, &settings.kind));
    };
    Ok(Seat {
        name: Arc::from(settings.name.as_str()),
        kind: settings.kind.clone(),
        has_key: !settings.api_key.is_empty(),
        provider: (entry.open)(settings, parts)?,
        limits: settings.limits,
        slots: Arc::new(Semaphore::new(settings.limits.concurrency_max)),
    })
}

#[async_trait]
impl LanguageModel for Router {
    /// A route that names no configured provider is refused at once; everything else that goes
    /// wrong comes as the stream's last item. Nothing is sent before the stream is polled, and
    /// dropping it ends the call.
    async fn stream(&self, call: ModelCall) -> Result<ModelStream, ModelError> {
        let route: Vec<ModelRef> = self
            .shared
            .routes
            .of_call(&call)
            .iter()
            .filter(|model| self.has_provider(&model.provider))
            .take(ROUTE_MODELS_MAX)
            .cloned()
            .collect();
        if route.is_empty() {
            return Err(ModelError {
                kind: ModelErrorKind::NoRoute,
                model: "none".to_owned(),
                status: None,
                retry_after: None,
            });
        }
        let answering = Answering::new(Arc::clone(&self.shared), call, route);
        let stream = futures::stream::unfold(answering, |mut answering| async move {
            let item = answering.next().await?;
            Some((item, answering))
        });
        Ok(stream.boxed())
    }
}
