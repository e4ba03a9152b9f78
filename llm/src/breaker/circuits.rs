//! The circuits that are not pristine, by provider and owner of the key.

use super::decide::{Admission, Circuit, Outcome};
use super::settings::BreakerSettings;
use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use rookery_domain::id::TenantId;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How many circuits are kept. Beyond it, those with nothing left to say are forgotten, and if
/// there is none, a failure is not counted.
pub(super) const CIRCUITS_MAX: usize = 50_000;

/// Whose key a call uses: one tenant's bad key must not close a provider to all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum KeyOwner {
    /// The installation's.
    Installation,
    /// The tenant's own.
    Tenant(TenantId),
}

/// Which circuit.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct CircuitKey {
    pub(crate) provider: Arc<str>,
    pub(crate) owner: KeyOwner,
}

/// All circuits. A cheap clone.
#[derive(Debug, Clone)]
pub(crate) struct Circuits {
    settings: BreakerSettings,
    states: Arc<DashMap<CircuitKey, Circuit>>,
}

impl Circuits {
    pub(crate) fn new(settings: BreakerSettings) -> Self {
        Self { settings, states: Arc::new(DashMap::new()) }
    }

    /// Lets a call pass, or says how long the circuit stays open.
    pub(crate) fn admit(&self, key: CircuitKey, now: Instant) -> Result<Ticket, Duration> {
        let admission = match self.states.get_mut(&key) {
            Some(mut state) => {
                let (next, admission) = state.admit(&self.settings, now);
                *state = next;
                admission
            }
            None => Circuit::default().admit(&self.settings, now).1,
        };
        match admission {
            Admission::Pass { generation } => {
                Ok(Ticket { circuits: self.clone(), key, generation, settled: false })
            }
            Admission::Refuse { wait } => Err(wait),
        }
    }

    /// Whether calls are refused at this time.
    pub(crate) fn is_open(&self, key: &CircuitKey, now: Instant) -> bool {
        self.states.get(key).is_some_and(|state| state.refuses(now))
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.states.len()
    }

    fn record(&self, key: &CircuitKey, generation: u64, outcome: Outcome, now: Instant) {
        let updated = self.states.get_mut(key).map(|mut state| {
            *state = state.record(&self.settings, generation, outcome, now);
            state.is_pristine()
        });
        match updated {
            Some(true) => {
                self.states.remove_if(key, |_, state| state.is_pristine());
            }
            None if outcome == Outcome::Failed => self.remember(key, generation, now),
            Some(false) | None => {}
        }
    }

    fn remember(&self, key: &CircuitKey, generation: u64, now: Instant) {
        if self.states.len() >= CIRCUITS_MAX {
            self.states.retain(|_, state| !state.is_stale(now));
            if self.states.len() >= CIRCUITS_MAX {
                tracing::warn!(limit = CIRCUITS_MAX, "too many circuits: a failure is not counted");
                return;
            }
        }
        let failed = |circuit: Circuit, generation| {
            circuit.record(&self.settings, generation, Outcome::Failed, now)
        };
        match self.states.entry(key.clone()) {
            Entry::Occupied(mut entry) => {
                let next = failed(*entry.get(), generation);
                entry.insert(next);
            }
            Entry::Vacant(entry) => {
                entry.insert(failed(Circuit::default(), Circuit::FIRST_GENERATION));
            }
        }
    }
}

/// The right to make one call. Dropped without an outcome, it gives a probe back.
#[derive(Debug)]
pub(crate) struct Ticket {
    circuits: Circuits,
    key: CircuitKey,
    generation: u64,
    settled: bool,
}

impl Ticket {
    /// The provider began to answer.
    pub(crate) fn answering(&self) {
        self.report(Outcome::Answering);
    }

    /// The provider answered.
    pub(crate) fn succeeded(mut self) {
        self.settled = true;
        self.report(Outcome::Succeeded);
    }

    /// The provider failed.
    pub(crate) fn failed(mut self) {
        self.settled = true;
        self.report(Outcome::Failed);
    }

    fn report(&self, outcome: Outcome) {
        self.circuits.record(&self.key, self.generation, outcome, Instant::now());
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.settled {
            self.report(Outcome::Abandoned);
        }
    }
}
