//! What an overseer looks at with every tick: turns out of time, sessions and channel actors without
//! work, the work mark, and its own idleness.

use super::actor::Overseer;
use super::message::OverseerMessage;
use super::state::{OverseerState, ReadAhead};
use ractor::ActorRef;
use rookery_domain::inbox::Purge;
use rookery_domain::ports::StoreError;
use std::time::Duration;
use tokio::time::Instant;

/// How long quiescing waits after it found work it did not know of.
const QUIESCE_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// A busy tenant forgets one step at a time, this far apart.
const BUSY_STEP_EVERY: Duration = Duration::from_secs(10);

/// How long a session without work keeps its counters in memory.
const SESSION_IDLE_AFTER: Duration = Duration::from_secs(30);

impl Overseer {
    pub(super) async fn tick(
        &self,
        myself: &ActorRef<OverseerMessage>,
        state: &mut OverseerState,
    ) -> Result<(), StoreError> {
        for lane in state.sessions.values() {
            if let Some(running) = &lane.running {
                running.subagent.check();
            }
        }
        if state.backlog.catching_up {
            self.next_page(myself, state).await?;
        }
        self.let_sessions_go(state);
        if self.let_channels_go(state) {
            self.start_links(myself, state).await;
        }
        let forgotten = self.forget_on_purpose(state).await?;
        if state.is_busy() {
            state.busy_at = Instant::now();
            return Ok(());
        }
        if !forgotten {
            return Ok(());
        }
        let idle = state.busy_at.elapsed();
        if idle >= SESSION_IDLE_AFTER {
            state.read_ahead = ReadAhead::default();
        }
        let settings = &self.shared.settings;
        if !state.quiet
            && !state.config.polls
            && idle >= settings.quiet_after
            && Instant::now() >= state.quiesce_after
        {
            state.quiet = self.shared.services.ownership.quiesce(&state.lease).await?;
            if !state.quiet {
                state.quiesce_after = Instant::now() + QUIESCE_AGAIN_AFTER;
                state.metering.recorded(state.lease);
                self.look(myself, state).await?;
            }
        }
        if state.quiet && idle >= settings.hibernate_after {
            state.tenants.idle(state.lease.tenant_id, state.arrivals);
        }
        Ok(())
    }

    /// One step of the day's forgetting; `true` when the day's round is done.
    async fn forget_on_purpose(&self, state: &mut OverseerState) -> Result<bool, StoreError> {
        let now = self.shared.services.clock.now();
        if state.retention.done_on == Some(now.day()) {
            return Ok(true);
        }
        if state.is_busy() && state.retention.stepped_at.elapsed() < BUSY_STEP_EVERY {
            return Ok(false);
        }
        state.retention.stepped_at = Instant::now();
        let settings = &self.shared.settings;
        let purge = Purge {
            raw_before: now.minus(settings.raw_payloads_kept_for),
            rows_before: now.minus(settings.dedupe_keys_kept_for),
            step_rows_max: settings.purge_batch,
            after: state.retention.after,
        };
        state.retention.after = self.shared.services.retention.purge(&state.lease, purge).await?;
        let done = state.retention.after.is_none();
        state.retention.done_on = done.then_some(now.day());
        Ok(done)
    }

    /// Gives the tenant back and stops.
    pub(super) async fn leave(
        &self,
        myself: &ActorRef<OverseerMessage>,
        state: &OverseerState,
    ) -> Result<(), StoreError> {
        let released = self.shared.services.ownership.release(&state.lease).await;
        if let Err(error) = released {
            // Whoever claims the tenant next needs no release.
            tracing::debug!(error = %error, "a tenant was not given back");
        }
        myself.stop(None);
        Ok(())
    }

    fn let_sessions_go(&self, state: &mut OverseerState) {
        let crowded = state.sessions.len() > self.shared.settings.sessions_resident_max;
        state.sessions.retain(|_, lane| {
            let rested = lane.used_at.elapsed() >= SESSION_IDLE_AFTER;
            let shared = std::sync::Arc::strong_count(&lane.counter) > 1;
            !lane.is_idle() || shared || !(rested || crowded)
        });
    }
}
