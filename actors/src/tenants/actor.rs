//! The shell.

use super::decide::{Routing, Standing, may_hibernate, route};
use super::handle::TenantsHandle;
use super::message::{Arrival, TenantsMessage};
use super::state::{Seat, TenantsState};
use crate::metering::MeteringHandle;
use crate::overseer::{Overseer, OverseerArguments, OverseerHandle};
use crate::shared::{Shared, jittered_backoff};
use crate::supervision::RestartVerdict;
use ractor::{Actor, ActorProcessingErr, ActorRef, SupervisionEvent};
use rookery_domain::id::TenantId;
use tokio::task::JoinHandle;

/// The tenants' supervisor.
#[derive(Debug)]
pub(crate) struct Tenants {
    shared: Shared,
}

/// What it starts with.
#[derive(Debug)]
pub(crate) struct TenantsArguments {
    pub(crate) metering: MeteringHandle,
}

/// State with what the children are given.
#[derive(Debug)]
pub(crate) struct Running {
    state: TenantsState,
    metering: MeteringHandle,
}

impl Tenants {
    /// Starts it at the top of the tree.
    pub(crate) async fn start(
        shared: Shared,
        arguments: TenantsArguments,
    ) -> Result<(TenantsHandle, JoinHandle<()>), ractor::SpawnErr> {
        let (actor, join) = Actor::spawn(None, Self { shared }, arguments).await?;
        Ok((TenantsHandle::new(actor), join))
    }

    async fn start_overseer(
        &self,
        myself: &ActorRef<TenantsMessage>,
        running: &mut Running,
        tenant: TenantId,
    ) {
        let arguments = OverseerArguments {
            tenant,
            tenants: TenantsHandle::new(myself.clone()),
            metering: running.metering.clone(),
            arrivals: 0,
        };
        match Overseer::start(self.shared.clone(), arguments, myself.get_cell()).await {
            Ok((overseer, id)) => {
                let seat = running.state.seats.entry(tenant).or_default();
                seat.overseer = Some(overseer);
                seat.actor = Some(id);
                seat.arrivals = 0;
                seat.away = false;
                running.state.tenants_by_actor.insert(id, tenant);
            }
            Err(error) => {
                tracing::error!(tenant.id = %tenant, error = %error, "overseer not started");
            }
        }
    }

    async fn arrived(
        &self,
        myself: &ActorRef<TenantsMessage>,
        running: &mut Running,
        arrival: Arrival,
    ) {
        let tenant = arrival.row.inbound.tenant_id;
        match route(standing(running, tenant)) {
            Routing::Forward => {
                if let Some(seat) = running.state.seats.get_mut(&tenant)
                    && let Some(overseer) = &seat.overseer
                {
                    seat.arrivals += 1;
                    overseer.arrived(arrival);
                }
            }
            // The overseer reads its rows from the store before anything else, this one included.
            Routing::Start => self.start_overseer(myself, running, tenant).await,
            Routing::Leave => {}
        }
    }

    async fn marked(
        &self,
        myself: &ActorRef<TenantsMessage>,
        running: &mut Running,
        tenants: Vec<TenantId>,
    ) {
        for tenant in tenants {
            match route(standing(running, tenant)) {
                Routing::Forward => {
                    if let Some(overseer) = told(running, tenant) {
                        overseer.look();
                    }
                }
                Routing::Start => self.start_overseer(myself, running, tenant).await,
                Routing::Leave => {}
            }
        }
    }

    fn crashed(
        &self,
        myself: &ActorRef<TenantsMessage>,
        running: &mut Running,
        tenant: TenantId,
        reason: &str,
    ) {
        let now = running.state.started_at.elapsed();
        let seat = running.state.seats.entry(tenant).or_default();
        seat.overseer = None;
        seat.away = true;
        metrics::counter!("rookery_overseer_crashes_total").increment(1);
        let policy = &self.shared.settings.restart;
        let wait = match seat.history.crashed(policy, now) {
            RestartVerdict::Restart { within } => {
                tracing::warn!(tenant.id = %tenant, reason, "overseer crashed, it comes back");
                let ids = self.shared.services.ids.as_ref();
                within / 2 + jittered_backoff(ids, 0, within / 2, within)
            }
            RestartVerdict::Park { for_duration } => {
                metrics::counter!("rookery_tenants_parked_total").increment(1);
                tracing::error!(
                    tenant.id = %tenant,
                    reason,
                    parked_for_seconds = for_duration.as_secs(),
                    "overseer crashes in a loop, the tenant is parked"
                );
                for_duration
            }
        };
        myself.send_after(wait, move || TenantsMessage::ComeBack(tenant));
    }

    fn ended(
        &self,
        myself: &ActorRef<TenantsMessage>,
        running: &mut Running,
        actor: ractor::ActorId,
        failure: Option<String>,
    ) {
        let Some(tenant) = running.state.tenants_by_actor.remove(&actor) else {
            return;
        };
        let newest = running.state.seats.get(&tenant).is_some_and(|seat| seat.actor == Some(actor));
        match failure {
            Some(reason) if newest => self.crashed(myself, running, tenant, &reason),
            None if newest => {
                running.state.seats.remove(&tenant);
                self.shared.lanes.forget_idle(tenant);
            }
            _ => {}
        }
        metrics::gauge!("rookery_overseers_live").set(live_as_f64(running.state.live()));
        if running.state.live() == 0
            && let Some(reply) = running.state.drained.take()
        {
            answer(reply, ());
        }
    }
}

impl Actor for Tenants {
    type Msg = TenantsMessage;
    type State = Running;
    type Arguments = TenantsArguments;

    async fn pre_start(
        &self,
        _myself: ActorRef<Self::Msg>,
        arguments: Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        Ok(Running { state: TenantsState::new(), metering: arguments.metering })
    }

    async fn handle(
        &self,
        myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        running: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            TenantsMessage::Arrived(arrival) => self.arrived(&myself, running, arrival).await,
            TenantsMessage::Marked(tenants) => self.marked(&myself, running, tenants).await,
            TenantsMessage::ComeBack(tenant) => {
                if let Some(seat) = running.state.seats.get_mut(&tenant) {
                    seat.away = false;
                }
                self.marked(&myself, running, vec![tenant]).await;
            }
            TenantsMessage::Refresh(tenant) => {
                self.shared.connections.forget(tenant);
                match told(running, tenant) {
                    Some(overseer) => overseer.refresh(),
                    None => self.marked(&myself, running, vec![tenant]).await,
                }
            }
            TenantsMessage::Tick => {
                for seat in running.state.seats.values() {
                    if let Some(overseer) = &seat.overseer {
                        overseer.tick();
                    }
                }
                metrics::gauge!("rookery_overseers_live").set(live_as_f64(running.state.live()));
            }
            TenantsMessage::Idle { tenant, arrivals } => {
                if let Some(seat) = running.state.seats.get_mut(&tenant)
                    && may_hibernate(seat.arrivals, arrivals)
                    && let Some(overseer) = seat.overseer.take()
                {
                    overseer.hibernate();
                }
            }
            TenantsMessage::Count(reply) => answer(reply, running.state.live()),
            TenantsMessage::Drain(reply) => {
                for seat in running.state.seats.values() {
                    if let Some(overseer) = &seat.overseer {
                        overseer.drain();
                    }
                }
                running.state.draining = true;
                if running.state.live() == 0 {
                    answer(reply, ());
                } else {
                    running.state.drained = Some(reply);
                }
            }
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<Self::Msg>,
        event: SupervisionEvent,
        running: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorFailed(actor, error) => {
                self.ended(&myself, running, actor.get_id(), Some(error.to_string()));
            }
            SupervisionEvent::ActorTerminated(actor, _, _) => {
                self.ended(&myself, running, actor.get_id(), None);
            }
            _ => {}
        }
        Ok(())
    }
}

fn standing(running: &Running, tenant: TenantId) -> Standing {
    let seat = running.state.seats.get(&tenant);
    Standing {
        live: seat.is_some_and(|seat| seat.overseer.is_some()),
        away: seat.is_some_and(|seat: &Seat| seat.away),
        draining: running.state.draining,
    }
}

/// The overseer, which is about to be told of something: it is counted on both sides, so that it does
/// not hibernate over it.
fn told(running: &mut Running, tenant: TenantId) -> Option<OverseerHandle> {
    let seat = running.state.seats.get_mut(&tenant)?;
    let overseer = seat.overseer.clone()?;
    seat.arrivals += 1;
    Some(overseer)
}

fn answer<T>(reply: ractor::RpcReplyPort<T>, value: T) {
    if reply.send(value).is_err() {
        tracing::debug!("nobody waits for this answer any more");
    }
}

fn live_as_f64(live: usize) -> f64 {
    u32::try_from(live).map_or(f64::from(u32::MAX), f64::from)
}
