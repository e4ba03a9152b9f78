//! The shell.

use super::handle::OverseerHandle;
use super::message::{OverseerMessage, Settled};
use super::recover::STARTS_OVER;
use super::state::{Backlog, OverseerState, ReadAhead, RetentionRound};
use crate::metering::MeteringHandle;
use crate::shared::{Shared, jittered_backoff};
use crate::tenants::{Arrival, TenantsHandle};
use ractor::{Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, SupervisionEvent};
use rookery_domain::id::TenantId;
use rookery_domain::notice::Notice;
use rookery_domain::ports::StoreError;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The longest wait between two tries to claim a tenant while the store is away.
const CLAIM_AGAIN_WITHIN: Duration = Duration::from_secs(2);

/// One tenant's overseer.
#[derive(Debug)]
pub(crate) struct Overseer {
    pub(super) shared: Shared,
}

/// What it starts with.
#[derive(Debug)]
pub(crate) struct OverseerArguments {
    pub(crate) tenant: TenantId,
    pub(crate) tenants: TenantsHandle,
    pub(crate) metering: MeteringHandle,
    /// What it was told of while it waited for the store.
    pub(crate) arrivals: u64,
}

/// Before and after the tenant is claimed.
#[derive(Debug)]
pub(crate) enum Incarnation {
    /// `Recover` has not run.
    Fresh(OverseerArguments),
    /// The tenant is ours.
    Owner(Box<OverseerState>),
}

impl Overseer {
    /// Starts an overseer below the tenants' supervisor. It claims its tenant before it looks at
    /// anything else in its mailbox.
    pub(crate) async fn start(
        shared: Shared,
        arguments: OverseerArguments,
        supervisor: ActorCell,
    ) -> Result<(OverseerHandle, ActorId), ractor::SpawnErr> {
        let (actor, _join) =
            Actor::spawn_linked(None, Self { shared }, arguments, supervisor).await?;
        let id = actor.get_id();
        if actor.cast(OverseerMessage::Recover).is_err() {
            tracing::warn!("an overseer ended before it began");
        }
        Ok((OverseerHandle::new(actor), id))
    }

    async fn claim(
        &self,
        myself: &ActorRef<OverseerMessage>,
        arguments: &OverseerArguments,
    ) -> Result<OverseerState, StoreError> {
        let lease = self.shared.services.ownership.claim(arguments.tenant).await?;
        let config = self.configuration(arguments.tenant).await?;
        let quota = self.quota(&lease).await?;
        tracing::debug!(tenant.id = %lease.tenant_id, epoch = lease.epoch.0, "tenant claimed");
        let now = Instant::now();
        Ok(OverseerState {
            lease,
            myself: OverseerHandle::new(myself.clone()),
            tenants: arguments.tenants.clone(),
            metering: arguments.metering.clone(),
            config,
            quota,
            sessions: HashMap::new(),
            ready: VecDeque::new(),
            turns_running: 0,
            known: HashSet::new(),
            read_ahead: ReadAhead::default(),
            ignored: Vec::new(),
            channels: HashMap::new(),
            backlog: Backlog::default(),
            arrivals: arguments.arrivals,
            busy_at: now,
            retention: RetentionRound { done_on: None, after: None, stepped_at: now },
            quiet: false,
            quiesce_after: now,
            waiting_for_refresh: false,
            swept_at: now,
            draining: false,
        })
    }

    /// Claims the tenant and goes on with what is there; nothing if the store is away.
    async fn start_over(
        &self,
        myself: &ActorRef<OverseerMessage>,
        arguments: &OverseerArguments,
    ) -> Result<Option<(Box<OverseerState>, Result<(), StoreError>)>, StoreError> {
        let mut state = match self.claim(myself, arguments).await {
            Err(StoreError::Unavailable(reason)) => {
                self.claim_later(myself, &reason);
                return Ok(None);
            }
            claimed => Box::new(claimed?),
        };
        let recovered = self.go_on(myself, &mut state).await;
        self.start_links(myself, &mut state).await;
        Ok(Some((state, recovered)))
    }

    /// An unreachable store is no crash: nothing is parked for it, and it is asked again soon.
    fn claim_later(&self, myself: &ActorRef<OverseerMessage>, reason: &str) {
        tracing::debug!(reason, "a tenant waits for the store");
        let settings = &self.shared.settings;
        let ids = self.shared.services.ids.as_ref();
        let most = settings.store_backoff_max.min(CLAIM_AGAIN_WITHIN);
        let wait = jittered_backoff(ids, 3, settings.store_backoff, most);
        myself.send_after(wait, || OverseerMessage::Recover);
    }

    async fn arrived(
        &self,
        myself: &ActorRef<OverseerMessage>,
        state: &mut OverseerState,
        arrival: Arrival,
    ) {
        state.arrivals += 1;
        // What was read from the store is known, or has ended already: the wake-up is merely late.
        if state.draining || state.read_ahead.has(arrival.row.inbound.id) {
            return;
        }
        if state.backlog.catching_up {
            // Older rows go first; this one is found behind them. Its permit stays taken, so that
            // ingress feels the backlog.
            state.backlog.missed = true;
            state.backlog.parked.push(arrival.permit);
            return;
        }
        self.take(myself, state, arrival.row, Some(arrival.permit)).await;
    }

    async fn settled(
        &self,
        myself: &ActorRef<OverseerMessage>,
        state: &mut OverseerState,
        settled: Settled,
    ) {
        for id in &settled.ids {
            state.forget(*id);
        }
        state.touched();
        self.deliver(myself, state, settled.outbox).await;
        if let Some(session) = settled.waiting {
            if let Some(lane) = state.sessions.get_mut(&session) {
                lane.judging = false;
                lane.ending = false;
            }
            self.end_commands(state, session);
            self.pump(myself, state, session).await;
        }
    }

    pub(super) async fn refresh(
        &self,
        myself: &ActorRef<OverseerMessage>,
        state: &mut OverseerState,
    ) -> Result<(), StoreError> {
        self.shared.connections.forget(state.lease.tenant_id);
        state.config = self.configuration(state.lease.tenant_id).await?;
        if state.waiting_for_refresh {
            return Ok(());
        }
        self.relink_channels(state).await;
        state.sessions.retain(|_, lane| !lane.is_idle() || Arc::strong_count(&lane.counter) > 1);
        self.start_links(myself, state).await;
        Ok(())
    }

    fn reserve(
        &self,
        state: &mut OverseerState,
        session: rookery_domain::id::SessionId,
        tokens: u64,
    ) -> Option<Notice> {
        let now = self.shared.services.clock.now();
        let refusal = state.quota.reserve_tokens(state.config.limits, now, tokens).err();
        let running = state.sessions.get_mut(&session).and_then(|lane| lane.running.as_mut());
        match running {
            Some(running) if refusal.is_none() => {
                running.reserved.tokens = running.reserved.tokens.saturating_add(tokens);
            }
            _ => {}
        }
        refusal
    }

    async fn act(
        &self,
        myself: &ActorRef<OverseerMessage>,
        state: &mut OverseerState,
        message: OverseerMessage,
    ) -> Result<(), StoreError> {
        match message {
            OverseerMessage::Recover => {}
            OverseerMessage::Arrived(arrival) => self.arrived(myself, state, arrival).await,
            OverseerMessage::Look => {
                state.arrivals += 1;
                when_reachable(self.look(myself, state).await)?;
            }
            OverseerMessage::Refresh => {
                state.arrivals += 1;
                self.refresh(myself, state).await?;
                if state.waiting_for_refresh {
                    return Err(StoreError::Unavailable(STARTS_OVER.to_owned()));
                }
            }
            OverseerMessage::Tick => when_reachable(self.tick(myself, state).await)?,
            OverseerMessage::HeldLongEnough(session) => self.pump(myself, state, session).await,
            OverseerMessage::EndIgnored => self.end_ignored(state),
            OverseerMessage::ReserveTokens { session, tokens, reply } => {
                let refusal = self.reserve(state, session, tokens);
                if reply.send(refusal).is_err() {
                    tracing::debug!("a turn no longer waits for its tokens");
                }
            }
            OverseerMessage::TurnEnded(report) => self.turn_ended(myself, state, *report).await,
            OverseerMessage::TurnRetry(retry) => self.retry(myself, state, *retry).await,
            OverseerMessage::Settled(settled) => self.settled(myself, state, settled).await,
            OverseerMessage::RowsSettled { connection, rows } => {
                state.touched();
                if let Some(seat) = state.channels.get_mut(&connection) {
                    seat.outstanding = seat.outstanding.saturating_sub(rows);
                    seat.idle_since = Instant::now();
                }
                self.pump_ready(myself, state).await;
            }
            OverseerMessage::Fenced => {
                tracing::warn!(tenant.id = %state.lease.tenant_id, "another owner has the tenant");
                myself.stop(Some("fenced".to_owned()));
            }
            OverseerMessage::StoreLost(reason) => return Err(StoreError::Unavailable(reason)),
            OverseerMessage::Hibernate => {
                tracing::debug!(tenant.id = %state.lease.tenant_id, "overseer hibernates");
                self.leave(myself, state).await?;
            }
            OverseerMessage::Drain => {
                state.draining = true;
                for seat in state.channels.values() {
                    seat.handle.stop_polling();
                }
            }
        }
        if state.draining && !state.is_working() {
            self.leave(myself, state).await?;
        }
        Ok(())
    }
}

impl Actor for Overseer {
    type Msg = OverseerMessage;
    type State = Incarnation;
    type Arguments = OverseerArguments;

    async fn pre_start(
        &self,
        _myself: ActorRef<Self::Msg>,
        arguments: Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        Ok(Incarnation::Fresh(arguments))
    }

    async fn handle(
        &self,
        myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        incarnation: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        // On the heap while it runs: an actor keeps room for its handler's future as long as it lives,
        // and thousands of overseers are idle.
        let result = match incarnation {
            Incarnation::Fresh(arguments) => {
                arguments.arrivals += u64::from(message.is_arrival());
                // It is never closed.
                let _place = self.shared.recoveries.acquire().await;
                let started = Box::pin(self.start_over(&myself, arguments)).await?;
                let Some((state, recovered)) = started else { return Ok(()) };
                *incarnation = Incarnation::Owner(state);
                recovered
            }
            Incarnation::Owner(state) => Box::pin(self.act(&myself, state, message)).await,
        };
        match result {
            Err(StoreError::Fenced(_)) => {
                myself.stop(Some("fenced".to_owned()));
                Ok(())
            }
            other => Ok(other?),
        }
    }

    async fn handle_supervisor_evt(
        &self,
        _myself: ActorRef<Self::Msg>,
        event: SupervisionEvent,
        incarnation: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        let Incarnation::Owner(state) = incarnation else {
            return Ok(());
        };
        if let SupervisionEvent::ActorFailed(_, error) = event {
            // A turn's panic is caught in its task and reported. An actor of the tree that fails is
            // a fault of ours: start over from the store.
            tracing::error!(tenant.id = %state.lease.tenant_id, error = %error, "a child failed");
            return Err("a child actor failed".into());
        }
        Ok(())
    }
}

/// What is looked at again anyway may find the store away.
fn when_reachable(looked: Result<(), StoreError>) -> Result<(), StoreError> {
    match looked {
        Err(StoreError::Unavailable(reason)) => {
            tracing::debug!(reason, "looked in vain");
            Ok(())
        }
        other => other,
    }
}
