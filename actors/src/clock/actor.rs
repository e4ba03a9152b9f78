//! The shell.

use crate::shared::Shared;
use crate::tenants::TenantsHandle;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use rookery_domain::id::TenantId;
use tokio::task::JoinHandle;

/// Messages of the clock.
#[derive(Debug)]
pub(crate) enum ClockMessage {
    /// Look for tenants that the store marks as having work.
    LookForWork,
    /// A tick for every overseer.
    Tick,
    /// Wake some tenants for their daily round of forgetting.
    RetentionRound,
}

impl ractor::Message for ClockMessage {}

/// The clock.
#[derive(Debug)]
pub(crate) struct ClockActor {
    shared: Shared,
    tenants: TenantsHandle,
}

/// How far the walks through the tenants have come.
#[derive(Debug, Default)]
pub(crate) struct Walks {
    retention: RetentionWalk,
    /// The last tenant found to have work; the next look goes on behind it.
    work_after: Option<TenantId>,
}

/// How far the day's retention round has come.
#[derive(Debug, Default)]
struct RetentionWalk {
    /// The UTC day of the last whole round.
    done_on: Option<i64>,
    /// The last tenant woken.
    after: Option<TenantId>,
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
    ) -> Result<(ClockHandle, JoinHandle<()>), ractor::SpawnErr> {
        let (poll, tick) = (shared.settings.wake_poll_every, shared.settings.tick_every);
        let round = shared.settings.retention_round_every;
        let (actor, join) = Actor::spawn(None, Self { shared, tenants }, ()).await?;
        actor.send_interval(poll, || ClockMessage::LookForWork);
        actor.send_interval(tick, || ClockMessage::Tick);
        actor.send_interval(round, || ClockMessage::RetentionRound);
        if actor.cast(ClockMessage::LookForWork).is_err() {
            tracing::warn!("the clock ended before it began");
        }
        Ok((ClockHandle(actor), join))
    }

    /// Every tenant once a day, a few at a time: those that sleep have things to forget, too.
    async fn retention_round(&self, walk: &mut RetentionWalk) {
        let services = &self.shared.services;
        let today = services.clock.now().day();
        if walk.done_on == Some(today) {
            return;
        }
        let limit = self.shared.settings.retention_round_tenants;
        match services.tenants.tenants(walk.after, limit).await {
            Ok(tenants) => {
                walk.after = tenants.last().copied();
                walk.done_on = walk.after.is_none().then_some(today);
                self.tenants.marked(tenants);
            }
            Err(error) => tracing::debug!(error = %error, "the retention round waits"),
        }
    }

    /// A page at a time, round and round: tenants that always have work hide no others.
    async fn look_for_work(&self, after: &mut Option<TenantId>) {
        let services = &self.shared.services;
        let settings = &self.shared.settings;
        let before = services.clock.now().minus(settings.wake_poll_older_than);
        match services.ownership.awake(before, *after, settings.wake_poll_batch).await {
            Ok(tenants) => {
                let page = usize::try_from(settings.wake_poll_batch).unwrap_or(usize::MAX);
                let is_last = tenants.len() < page;
                *after = tenants.last().copied().filter(|_| !is_last);
                if !tenants.is_empty() {
                    self.tenants.marked(tenants);
                }
            }
            Err(error) => {
                metrics::counter!("rookery_wake_polls_failed_total").increment(1);
                tracing::debug!(error = %error, "could not look for work");
            }
        }
    }
}

impl Actor for ClockActor {
    type Msg = ClockMessage;
    type State = Walks;
    type Arguments = ();

    async fn pre_start(
        &self,
        _myself: ActorRef<Self::Msg>,
        (): Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        Ok(Walks::default())
    }

    async fn handle(
        &self,
        _myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        walks: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            ClockMessage::LookForWork => self.look_for_work(&mut walks.work_after).await,
            ClockMessage::Tick => self.tenants.tick(),
            ClockMessage::RetentionRound => self.retention_round(&mut walks.retention).await,
        }
        Ok(())
    }
}
