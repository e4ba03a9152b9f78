//! The shell.

use super::attempt::Courier;
use super::decide::Next;
use super::handle::ChannelHandle;
use super::link;
use super::message::ChannelMessage;
use super::state::{ChannelState, DeliveryLane};
use crate::connections::Opened;
use crate::ingress::Door;
use crate::overseer::OverseerHandle;
use crate::shared::Shared;
use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef};
use rookery_domain::agent::OnAmbiguous;
use rookery_domain::id::{OutboxId, SessionId};
use rookery_domain::message::ReplyTarget;
use rookery_domain::outbox::{OutboxRow, OutboxStatus};
use rookery_domain::ownership::Lease;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// One connection's channel actor.
#[derive(Debug)]
pub(crate) struct ChannelActor {
    shared: Shared,
    overseer: OverseerHandle,
    door: Door,
}

/// What it starts with.
#[derive(Debug)]
pub(crate) struct ChannelArguments {
    pub(crate) lease: Lease,
    pub(crate) opened: Arc<Opened>,
    pub(crate) on_ambiguous: OnAmbiguous,
    pub(crate) door: Door,
}

impl ChannelActor {
    /// Starts it below its overseer.
    pub(crate) async fn start(
        shared: Shared,
        overseer: OverseerHandle,
        arguments: ChannelArguments,
        supervisor: ActorCell,
    ) -> Result<ChannelHandle, ractor::SpawnErr> {
        let sends_max = shared.settings.deliveries_max;
        let courier = Courier {
            shared: shared.clone(),
            lease: arguments.lease,
            opened: arguments.opened,
            on_ambiguous: arguments.on_ambiguous,
            places: Arc::new(Semaphore::new(sends_max)),
        };
        let actor = Self { shared, overseer, door: arguments.door };
        let (actor, _join) = Actor::spawn_linked(None, actor, courier, supervisor).await?;
        if actor.cast(ChannelMessage::Start).is_err() {
            tracing::warn!("a channel actor ended before it began");
        }
        Ok(ChannelHandle::new(actor))
    }

    fn enqueue(
        &self,
        myself: &ActorRef<ChannelMessage>,
        state: &mut ChannelState,
        rows: Vec<OutboxRow>,
    ) {
        for mut row in rows {
            // What an earlier owner tried, waits for a platform's limits included, is not held
            // against the row: the limit is on one owner's attempts.
            row.attempts = 0;
            let session = row.session_id;
            state.lanes.entry(session).or_default().rows.push_back(row);
            self.pump(myself, state, session);
        }
    }

    /// Starts the next attempt of a session, if it may.
    fn pump(
        &self,
        myself: &ActorRef<ChannelMessage>,
        state: &mut ChannelState,
        session: SessionId,
    ) {
        let Some(lane) = state.lanes.get_mut(&session) else {
            return;
        };
        if lane.under_way || lane.resting {
            return;
        }
        let Some(row) = lane.rows.front().cloned() else {
            state.lanes.remove(&session);
            return;
        };
        let now = self.shared.services.clock.now();
        if row.next_attempt_at > now && row.status == OutboxStatus::Pending {
            lane.resting = true;
            let wait = row.next_attempt_at.since(now);
            myself.send_after(wait, move || ChannelMessage::Due(session));
            return;
        }
        lane.under_way = true;
        let (courier, actor, id) = (state.courier.clone(), myself.clone(), row.id);
        self.shared.tasks.spawn(async move {
            let next = courier.attempt(row).await;
            if actor.cast(ChannelMessage::Attempted { session, row: id, next }).is_err() {
                tracing::debug!("the channel actor is gone before its attempt ended");
            }
        });
    }

    fn attempted(
        &self,
        myself: &ActorRef<ChannelMessage>,
        state: &mut ChannelState,
        (session, row, next): (SessionId, OutboxId, Next),
    ) {
        if let Some(lane) = state.lanes.get_mut(&session) {
            lane.under_way = false;
            match next {
                Next::Settled => {
                    lane.rows.retain(|waiting| waiting.id != row);
                    self.overseer.rows_settled(state.courier.opened.connection.id, 1);
                }
                Next::Again { at, target, counted } => again(lane, row, (at, counted), target),
                Next::Fenced => return self.overseer.fenced(),
                Next::Lost(reason) => return self.overseer.store_lost(reason),
            }
        }
        self.pump(myself, state, session);
    }

    /// Registers and polls under the connection as it is now; an earlier link ends.
    fn start_link(&self, state: &mut ChannelState) {
        state.link = None;
        let opened = &state.courier.opened;
        if !opened.wants_start() && opened.halves.polling.is_none() {
            return;
        }
        let token = CancellationToken::new();
        let run =
            link::run(self.shared.clone(), Arc::clone(opened), self.door.clone(), token.clone());
        state.link = Some(token.drop_guard());
        self.shared.tasks.spawn(run);
    }
}

impl Actor for ChannelActor {
    type Msg = ChannelMessage;
    type State = ChannelState;
    type Arguments = Courier;

    async fn pre_start(
        &self,
        _myself: ActorRef<Self::Msg>,
        courier: Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        Ok(ChannelState { lanes: HashMap::new(), courier, link: None })
    }

    async fn handle(
        &self,
        myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        state: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            ChannelMessage::Start => self.start_link(state),
            ChannelMessage::Relink(opened, on_ambiguous) => {
                state.courier = Courier { opened, on_ambiguous, ..state.courier.clone() };
                self.start_link(state);
            }
            ChannelMessage::Enqueue(rows) => self.enqueue(&myself, state, rows),
            ChannelMessage::Attempted { session, row, next } => {
                self.attempted(&myself, state, (session, row, next));
            }
            ChannelMessage::Due(session) => {
                if let Some(lane) = state.lanes.get_mut(&session) {
                    lane.resting = false;
                }
                self.pump(&myself, state, session);
            }
            ChannelMessage::IsIdle { session, reply } => {
                if reply.send(!state.lanes.contains_key(&session)).is_err() {
                    tracing::debug!("nobody waits for this answer any more");
                }
            }
            ChannelMessage::StopPolling => state.link = None,
        }
        Ok(())
    }
}

fn again(
    lane: &mut DeliveryLane,
    row: OutboxId,
    (at, counted): (rookery_domain::Timestamp, bool),
    target: Option<ReplyTarget>,
) {
    let Some(waiting) = lane.rows.front_mut().filter(|waiting| waiting.id == row) else {
        return;
    };
    waiting.status = OutboxStatus::Pending;
    waiting.attempts += u32::from(counted);
    waiting.next_attempt_at = at;
    if let Some(target) = target {
        waiting.target = target;
    }
}
