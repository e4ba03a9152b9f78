//! Turns: started when a session and the tenant have room, ended by their report.

use super::actor::Overseer;
use super::decide::batch_size;
use super::message::{OverseerMessage, TurnRetry};
use super::settle::Ending;
use super::state::{Item, OverseerState, RunningTurn};
use crate::subagent::{Subagent, TurnEnd, TurnInput, TurnReport, TurnSpec};
use ractor::ActorRef;
use rookery_domain::agent::{Agent, WhileBusy};
use rookery_domain::id::{InboxId, SessionId, TurnId};
use rookery_domain::inbox::Outcome;
use rookery_domain::message::{Reply, ReplyTarget};
use rookery_domain::notice::Notice;
use rookery_domain::turn::UnfinishedTurn;
use rookery_domain::usage::DayUsage;
use std::sync::Arc;
use tokio::time::Instant;

impl Overseer {
    /// Starts the session's next turn, if it may.
    pub(super) async fn pump(
        &self,
        myself: &ActorRef<OverseerMessage>,
        state: &mut OverseerState,
        session: SessionId,
    ) {
        if state.draining {
            return;
        }
        let Some(lane) = state.sessions.get_mut(&session) else {
            return;
        };
        if lane.running.is_some() || lane.judging || lane.ending || lane.waiting.is_empty() {
            return;
        }
        let Some(agent) = state.config.agents.get(&lane.place.opened.connection.agent_id).cloned()
        else {
            return;
        };
        if lane.held_until.is_some_and(|until| Instant::now() < until)
            && agent.profile.while_busy == WhileBusy::Debounce
        {
            return;
        }
        // Replies that a platform does not take in time hold further turns back, and so in the end
        // the senders.
        let connection = lane.place.opened.connection.id;
        let clogged = state
            .channels
            .get(&connection)
            .is_some_and(|seat| seat.outstanding >= self.shared.settings.outstanding_sends_max);
        if clogged || state.turns_running >= self.shared.settings.turns_per_tenant_max {
            state.ready.push_back(session);
            return;
        }
        lane.held_since = None;
        lane.held_until = None;
        let count = batch_size(agent.profile.while_busy, lane.waiting.len());
        let items: Vec<Item> = lane.waiting.drain(..count).collect();
        let now = self.shared.services.clock.now();
        if let Err(refusal) = state.quota.reserve_message(state.config.limits, now) {
            self.refuse(state, session, items, &refusal);
            return;
        }
        let turn_id = TurnId::generate(self.shared.services.ids.as_ref());
        self.start_turn(myself, state, Start { session, turn_id, items, agent, resumed: None })
            .await;
    }

    /// Goes on with a turn that an earlier incarnation, or a crash, left behind.
    pub(super) async fn resume(
        &self,
        myself: &ActorRef<OverseerMessage>,
        state: &mut OverseerState,
        (session, items): (SessionId, Vec<Item>),
        unfinished: UnfinishedTurn,
    ) {
        let Some(agent) = state.config.agents.get(&unfinished.turn.agent_id).cloned() else {
            tracing::error!(turn.id = %unfinished.turn.id, "a turn's agent does not exist");
            // It goes on once there is one again.
            state.waiting_for_refresh = true;
            for id in rows_of(&items) {
                state.forget(id);
            }
            return self.end_commands(state, session);
        };
        let turn_id = unfinished.turn.id;
        let resumed = Some(unfinished);
        self.start_turn(myself, state, Start { session, turn_id, items, agent, resumed }).await;
    }

    async fn start_turn(
        &self,
        myself: &ActorRef<OverseerMessage>,
        state: &mut OverseerState,
        start: Start,
    ) {
        let Some(lane) =
            state.sessions.get_mut(&start.session).filter(|lane| lane.running.is_none())
        else {
            return state.myself.store_lost("two turns of one session".to_owned());
        };
        let growing = lane.growing.take();
        let place = lane.place.clone();
        let counter = Arc::clone(&lane.counter);
        let pulled = place.opened.halves.delivery.capabilities().pulled;
        let channel =
            if pulled { None } else { self.channel_for(myself, state, &place.opened).await };
        let target = start.target();
        let inputs = start
            .items
            .iter()
            .map(|item| TurnInput {
                id: item.id,
                inbound: item.inbound.clone(),
                superseded: item.superseded,
                edits: item.edits.iter().map(|edit| edit.id).collect(),
            })
            .collect();
        // A resumed turn's message was let through by an earlier reservation, which is gone.
        let reserved = u64::from(start.resumed.is_none());
        let spec = TurnSpec {
            lease: state.lease,
            turn_id: start.turn_id,
            place,
            counter,
            agent: start.agent,
            keys: Arc::clone(&state.config.keys),
            inputs,
            target,
            resumed: start.resumed,
            growing,
            channel,
        };
        let spawned =
            Subagent::start(self.shared.clone(), state.myself.clone(), spec, myself.get_cell())
                .await;
        match spawned {
            Ok(subagent) => {
                state.turns_running += 1;
                metrics::counter!("rookery_turns_started_total").increment(1);
                if let Some(lane) = state.sessions.get_mut(&start.session) {
                    // It was stopped while its crash was judged.
                    if let Some(after) = lane.after_turn.front() {
                        subagent.cancel(after.reason);
                    }
                    lane.running = Some(RunningTurn {
                        turn_id: start.turn_id,
                        subagent,
                        items: start.items,
                        reserved: DayUsage { messages: reserved, tokens: 0 },
                    });
                }
            }
            Err(error) => {
                tracing::error!(turn.id = %start.turn_id, error = %error, "a turn was not started");
                state.myself.store_lost("a turn could not be started".to_owned());
            }
        }
    }

    /// Answers with a notice instead of a turn.
    fn refuse(
        &self,
        state: &mut OverseerState,
        session: SessionId,
        items: Vec<Item>,
        refusal: &Notice,
    ) {
        if let Some(lane) = state.sessions.get_mut(&session) {
            lane.growing = None;
        }
        metrics::counter!("rookery_quota_refusals_total").increment(1);
        let newest = items.last().map(|item| item.id);
        for item in items {
            let ending = if Some(item.id) == newest {
                let reply = Reply { text: refusal.text(), notice: Some(refusal.code().to_owned()) };
                Ending { keep: true, ..Ending::saying(Outcome::Answered, reply) }
            } else {
                Ending { keep: true, ..Ending::silent(Outcome::Merged) }
            };
            self.end(state, session, item, ending);
        }
    }

    /// Takes a turn's report.
    pub(super) async fn turn_ended(
        &self,
        myself: &ActorRef<OverseerMessage>,
        state: &mut OverseerState,
        report: TurnReport,
    ) {
        let Some(running) = state
            .sessions
            .get_mut(&report.session)
            .filter(|lane| lane.running.as_ref().is_some_and(|r| r.turn_id == report.turn_id))
            .and_then(|lane| lane.running.take())
        else {
            return;
        };
        state.turns_running = state.turns_running.saturating_sub(1);
        state.touched();
        let now = self.shared.services.clock.now();
        match report.end {
            TurnEnd::Committed { outbox, used } => {
                state.quota.settle(running.reserved, used, now);
                for id in running.items.iter().flat_map(Item::rows) {
                    state.forget(id);
                }
                state.metering.recorded(state.lease);
                self.deliver(myself, state, outbox).await;
            }
            TurnEnd::Interrupted { used, growing } => {
                state.quota.settle(running.reserved, used, now);
                state.metering.recorded(state.lease);
                // After a command nothing follows that could go on with it.
                if let Some(lane) = state.sessions.get_mut(&report.session)
                    && lane.after_turn.is_empty()
                {
                    lane.growing = growing;
                }
                requeue(state, report.session, running.items, true);
            }
            TurnEnd::Crashed(reason) => {
                state.quota.settle(running.reserved, DayUsage::default(), now);
                self.after_crash(state, report.session, running, &reason);
            }
            TurnEnd::Fenced => return state.myself.fenced(),
            TurnEnd::StoreLost(reason) => return state.myself.store_lost(reason),
        }
        if state.sessions.get(&report.session).is_some_and(|lane| !lane.judging) {
            self.end_commands(state, report.session);
        }
        // Behind those that found all places taken.
        state.ready.push_back(report.session);
        self.pump_ready(myself, state).await;
    }

    /// Starts what found no place before; each session is looked at once.
    pub(super) async fn pump_ready(
        &self,
        myself: &ActorRef<OverseerMessage>,
        state: &mut OverseerState,
    ) {
        for _ in 0..state.ready.len() {
            if state.turns_running >= self.shared.settings.turns_per_tenant_max {
                break;
            }
            let Some(next) = state.ready.pop_front() else { break };
            self.pump(myself, state, next).await;
        }
    }

    /// Counts a crash against the turn's rows; then it goes on, or they are dead letters.
    fn after_crash(
        &self,
        state: &mut OverseerState,
        session: SessionId,
        running: RunningTurn,
        reason: &str,
    ) {
        metrics::counter!("rookery_turn_crashes_total").increment(1);
        tracing::error!(
            tenant.id = %state.lease.tenant_id,
            turn.id = %running.turn_id,
            reason,
            "a turn crashed"
        );
        let Some(lane) = state.sessions.get_mut(&session) else { return };
        lane.judging = true;
        let case = super::crash::Case {
            lease: state.lease,
            place: lane.place.clone(),
            counter: Arc::clone(&lane.counter),
            turn_id: running.turn_id,
            items: running.items,
        };
        super::crash::handle(&self.shared, &state.myself, case);
    }

    /// Goes on after a crash was counted.
    pub(super) async fn retry(
        &self,
        myself: &ActorRef<OverseerMessage>,
        state: &mut OverseerState,
        retry: TurnRetry,
    ) {
        if let Some(lane) = state.sessions.get_mut(&retry.session) {
            lane.judging = false;
        }
        if let Some(unfinished) = retry.unfinished {
            self.resume(myself, state, (retry.session, retry.items), unfinished).await;
        } else {
            requeue(state, retry.session, retry.items, false);
            self.end_commands(state, retry.session);
            self.pump(myself, state, retry.session).await;
        }
    }
}

/// A turn about to start.
struct Start {
    session: SessionId,
    turn_id: TurnId,
    items: Vec<Item>,
    agent: Arc<Agent>,
    resumed: Option<UnfinishedTurn>,
}

impl Start {
    fn target(&self) -> ReplyTarget {
        match (&self.resumed, self.items.last()) {
            (Some(unfinished), _) => unfinished.turn.reply_target.clone(),
            (None, Some(newest)) => newest.inbound.reply_target.clone(),
            (None, None) => ReplyTarget(serde_json::Value::Null),
        }
    }
}

/// The ids of items.
pub(super) fn ids_of(items: &[Item]) -> Vec<InboxId> {
    items.iter().map(|item| item.id).collect()
}

/// Every row that ends with the items.
pub(super) fn rows_of(items: &[Item]) -> Vec<InboxId> {
    items.iter().flat_map(Item::rows).collect()
}

/// Puts items back in front of their lane, or has them dropped with the turn that a command stopped.
fn requeue(state: &mut OverseerState, session: SessionId, items: Vec<Item>, superseded: bool) {
    let Some(lane) = state.sessions.get_mut(&session) else {
        return;
    };
    if let Some(after) = lane.after_turn.front_mut() {
        after.dropped.extend(items);
        return;
    }
    for mut item in items.into_iter().rev() {
        item.superseded |= superseded;
        lane.waiting.push_front(item);
    }
}
