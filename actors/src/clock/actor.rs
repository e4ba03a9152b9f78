//! The shell.

use crate::shared::Shared;
use crate::tenants::TenantsHandle;
use ractor::{Actor, ActorProcessingErr, ActorRef};

/// Messages of the clock.
#[derive(Debug)]
pub(crate) enum ClockMessage {
    /// Look for tenants that the store marks as having work.
    LookForWork,
    /// A tick for every overseer.
    Tick,
}

impl ractor::Message for ClockMessage {}

/// The clock.
#[derive(Debug)]
pub(crate) struct ClockActor {
    shared: Shared,
    tenants: TenantsHandle,
}

/// A handle that can only stop it.
#[derive(Debug, Clone)]
pub(crate) struct ClockHandle(ActorRef<ClockMessage>);

impl ClockHandle {
    /// Stops it.
    pub(crate) fn stop(&self) {
        self.0.stop(None);
    }
}

impl ClockActor {
    /// Starts it; the first look is made at once, so that a restart goes on without delay.
    pub(crate) async fn start(
        shared: Shared,
        tenants: TenantsHandle,
    ) -> Result<ClockHandle, ractor::SpawnErr> {
        let (poll, tick) = (shared.settings.wake_poll_every, shared.settings.tick_every);
        let (actor, _join) = Actor::spawn(None, Self { shared, tenants }, ()).await?;
        actor.send_interval(poll, || ClockMessage::LookForWork);
        actor.send_interval(tick, || ClockMessage::Tick);
        if actor.cast(ClockMessage::LookForWork).is_err() {
            tracing::warn!("the clock ended before it began");
        }
        Ok(ClockHandle(actor))
    }

    async fn look_for_work(&self) {
        let services = &self.shared.services;
        let settings = &self.shared.settings;
        let before = services.clock.now().minus(settings.wake_poll_older_than);
        match services.ownership.awake(before, settings.wake_poll_batch).await {
            Ok(tenants) if tenants.is_empty() => {}
            Ok(tenants) => self.tenants.marked(tenants),
            Err(error) => {
                metrics::counter!("rookery_wake_polls_failed_total").increment(1);
                tracing::debug!(error = %error, "could not look for work");
            }
        }
    }
}

impl Actor for ClockActor {
    type Msg = ClockMessage;
    type State = ();
    type Arguments = ();

    async fn pre_start(
        &self,
        _myself: ActorRef<Self::Msg>,
        (): Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        _myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        _state: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            ClockMessage::LookForWork => self.look_for_work().await,
            ClockMessage::Tick => self.tenants.tick(),
        }
        Ok(())
    }
}
