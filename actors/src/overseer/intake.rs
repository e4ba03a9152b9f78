//! From a stored row to a place in its session's lane, or to its end.

use super::actor::Overseer;
use super::decide::{Admission, Class, LaneView, admit, classify};
use super::message::OverseerMessage;
use super::moved::{Move, carry_over};
use super::place::SessionPlace;
use super::session::SessionCounter;
use super::settle::{Ending, SessionRow, settle_bare, settle_ignored, settle_in_session};
use super::state::{AfterTurn, Item, OverseerState, SessionLane};
use crate::command::{CommandEffect, CommandSetting, respond, unknown};
use crate::connections::{OpenError, Opened};
use crate::lanes::LanePermit;
use crate::subagent::CancelReason;
use ractor::ActorRef;
use rookery_domain::agent::Agent;
use rookery_domain::command::ChatCommand;
use rookery_domain::id::SessionId;
use rookery_domain::inbox::{InboxRow, Outcome, Settlement};
use rookery_domain::message::{Inbound, InboundEvent, Reply};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Rows about which nothing is done end together: so many at once, or after this time. A restart
/// in between looks at them again, and does nothing again.
const IGNORED_ROWS_MAX: usize = 256;
const IGNORED_WAIT: Duration = Duration::from_millis(50);

impl Overseer {
    /// Takes a row in, once.
    pub(super) async fn take(
        &self,
        myself: &ActorRef<OverseerMessage>,
        state: &mut OverseerState,
        row: InboxRow,
        permit: Option<LanePermit>,
    ) {
        let id = row.inbound.id;
        if permit.is_none() {
            state.read_ahead.note(id);
        }
        if !state.known.insert(id) {
            return;
        }
        state.touched();
        let read = self.read(state, &row).await;
        let (opened, agent, inbound) = match read {
            Ok(read) => read,
            Err(Unread::Later) => {
                // The row stays undone in the store; the next look finds it.
                state.known.remove(&id);
                return;
            }
            Err(Unread::Dead(error)) => return self.dead(state, id, error),
        };
        let place = SessionPlace::of(&opened, &inbound);
        let session = place.id;
        let lane = lane_of(state, place);
        lane.used_at = Instant::now();
        let item = Item { id, inbound, superseded: false, edits: Vec::new(), _permit: permit };
        self.place(myself, state, (session, item), &agent).await;
    }

    /// Puts a readable row where its class belongs.
    async fn place(
        &self,
        myself: &ActorRef<OverseerMessage>,
        state: &mut OverseerState,
        (session, item): (SessionId, Item),
        agent: &Agent,
    ) {
        let class = classify(
            &item.inbound,
            agent.profile.group_activation,
            self.shared.settings.message_characters_max,
        );
        match class {
            Class::Answer => self.enqueue(myself, state, (session, item), agent).await,
            Class::Refuse(notice) => {
                let reply = Reply { text: notice.text(), notice: Some(notice.code().to_owned()) };
                let ending = Ending { keep: true, ..Ending::saying(Outcome::Answered, reply) };
                self.end(state, session, item, ending);
            }
            Class::Context => {
                let ending = Ending { keep: true, ..Ending::silent(Outcome::Ignored) };
                self.end(state, session, item, ending);
            }
            Class::Command(command) => self.command(state, (session, item), agent, command),
            Class::UnknownCommand => {
                self.end(state, session, item, Ending::saying(Outcome::Command, unknown()));
            }
            Class::Edit => {
                if let Some(late) = replace_waiting(state, session, item) {
                    self.ignore(myself, state, late);
                }
            }
            Class::Moved => self.moved(state, session, item),
            Class::Ignore => self.ignore(myself, state, item),
        }
    }

    /// Ends a row about which nothing is done, together with others.
    fn ignore(&self, myself: &ActorRef<OverseerMessage>, state: &mut OverseerState, item: Item) {
        state.ignored.push(item);
        if state.ignored.len() >= IGNORED_ROWS_MAX {
            self.end_ignored(state);
        } else if state.ignored.len() == 1 {
            myself.send_after(IGNORED_WAIT, || OverseerMessage::EndIgnored);
        }
    }

    /// Ends the rows about which nothing is done.
    pub(super) fn end_ignored(&self, state: &mut OverseerState) {
        let items = std::mem::take(&mut state.ignored);
        if !items.is_empty() {
            settle_ignored(&self.shared, &state.myself, state.lease, items);
        }
    }

    async fn read(
        &self,
        state: &OverseerState,
        row: &InboxRow,
    ) -> Result<(Arc<Opened>, Arc<Agent>, Inbound), Unread> {
        if row.attempts >= self.shared.settings.crashes_max {
            return Err(Unread::Dead("its turn crashed again and again".to_owned()));
        }
        let tenant = state.lease.tenant_id;
        let opened =
            self.shared.connections.open(tenant, row.inbound.connection_id).await.map_err(
                |error| match error {
                    OpenError::Store(_) => Unread::Later,
                    OpenError::Unknown | OpenError::Settings(_) => Unread::Dead(error.to_string()),
                },
            )?;
        let agent = state
            .config
            .agents
            .get(&opened.connection.agent_id)
            .cloned()
            .ok_or_else(|| Unread::Dead("the connection's agent does not exist".to_owned()))?;
        let inbound = opened
            .halves
            .ingress
            .normalise(&row.inbound.raw)
            .map_err(|error| Unread::Dead(error.to_string()))?;
        Ok((opened, agent, inbound))
    }

    /// Puts something to answer into its lane.
    async fn enqueue(
        &self,
        myself: &ActorRef<OverseerMessage>,
        state: &mut OverseerState,
        (session, item): (SessionId, Item),
        agent: &Agent,
    ) {
        let Some(lane) = state.sessions.get_mut(&session) else {
            return;
        };
        acknowledge_button(&self.shared, &lane.place.opened, &item.inbound);
        lane.waiting.push_back(item);
        let view = LaneView {
            running: lane.running.is_some() || lane.judging || lane.ending,
            held_for: lane.held_since.map(|since| since.elapsed()),
        };
        let settings = &self.shared.settings;
        let policy = agent.profile.while_busy;
        match admit(policy, view, settings.debounce, settings.debounce_max) {
            Admission::Start => self.pump(myself, state, session).await,
            Admission::Wait => {}
            Admission::Hold(wait) => {
                let now = Instant::now();
                lane.held_since.get_or_insert(now);
                lane.held_until = Some(now + wait);
                myself.send_after(wait, move || OverseerMessage::HeldLongEnough(session));
            }
            Admission::Interrupt => {
                if let Some(running) = &lane.running {
                    running.subagent.cancel(CancelReason::Interrupted);
                }
            }
        }
    }

    fn command(
        &self,
        state: &mut OverseerState,
        (session, item): (SessionId, Item),
        agent: &Agent,
        command: ChatCommand,
    ) {
        let Some(lane) = state.sessions.get_mut(&session) else {
            return;
        };
        let running = lane.running.is_some() || lane.judging;
        let setting = CommandSetting {
            agent: &agent.profile,
            used: state.quota.used(),
            limits: state.config.limits,
            running,
        };
        let (reply, effect) = respond(command, &setting);
        let ending = Ending {
            fresh_context: effect == CommandEffect::FreshContext,
            ..Ending::saying(Outcome::Command, reply)
        };
        if effect == CommandEffect::None {
            return self.end(state, session, item, ending);
        }
        lane.held_since = None;
        lane.growing = None;
        let reason = match effect {
            CommandEffect::FreshContext => CancelReason::Discarded,
            _ => CancelReason::Stopped,
        };
        if let Some(running) = &lane.running {
            running.subagent.cancel(reason);
        }
        let dropped = lane.waiting.drain(..).collect();
        lane.after_turn.push_back(AfterTurn { reason, item, ending, dropped });
        if !running {
            self.end_commands(state, session);
        }
    }

    /// Ends the commands that waited for the end of a turn, one after the other.
    pub(super) fn end_commands(&self, state: &mut OverseerState, session: SessionId) {
        let Some(lane) = state.sessions.get_mut(&session).filter(|lane| !lane.ending) else {
            return;
        };
        let Some(after) = lane.after_turn.pop_front() else { return };
        lane.ending = true;
        let row = SessionRow {
            place: lane.place.clone(),
            counter: Arc::clone(&lane.counter),
            item: after.item,
            ending: after.ending,
            dropped: after.dropped,
            is_waited_for: true,
        };
        settle_in_session(&self.shared, &state.myself, state.lease, row);
    }

    /// Carries a conversation's context over to its new name.
    fn moved(&self, state: &mut OverseerState, from: SessionId, item: Item) {
        let InboundEvent::Migrated { to_key } = &item.inbound.event else { return };
        let Some(old) = state.sessions.get(&from).map(|lane| lane.place.clone()) else { return };
        let place = old.moved_to(to_key);
        let counter = Arc::clone(&lane_of(state, place.clone()).counter);
        let case = Move { lease: state.lease, from, place, counter, item };
        carry_over(&self.shared, &state.myself, case);
    }

    /// Ends a row of a session without a turn.
    pub(super) fn end(
        &self,
        state: &OverseerState,
        session: SessionId,
        item: Item,
        ending: Ending,
    ) {
        let Some(lane) = state.sessions.get(&session) else {
            return;
        };
        let row = SessionRow {
            place: lane.place.clone(),
            counter: Arc::clone(&lane.counter),
            item,
            ending,
            dropped: Vec::new(),
            is_waited_for: false,
        };
        settle_in_session(&self.shared, &state.myself, state.lease, row);
    }

    /// Ends a row as a dead letter.
    pub(super) fn dead(
        &self,
        state: &OverseerState,
        id: rookery_domain::id::InboxId,
        error: String,
    ) {
        self.bare(state, Settlement { id, outcome: Outcome::Dead, error: Some(error) });
    }

    fn bare(&self, state: &OverseerState, settlement: Settlement) {
        settle_bare(&self.shared, &state.myself, state.lease, settlement);
    }
}

/// Why a row was not taken in.
enum Unread {
    /// The store did not answer.
    Later,
    /// It can never be read.
    Dead(String),
}

/// The session's lane, made when it is first spoken in.
pub(super) fn lane_of(state: &mut OverseerState, place: SessionPlace) -> &mut SessionLane {
    let epoch = state.lease.epoch;
    state.sessions.entry(place.id).or_insert_with(|| SessionLane {
        place,
        counter: Arc::new(SessionCounter::new(epoch)),
        waiting: VecDeque::new(),
        running: None,
        judging: false,
        after_turn: VecDeque::new(),
        ending: false,
        growing: None,
        held_since: None,
        held_until: None,
        used_at: Instant::now(),
    })
}

/// A changed message replaces the one that still waits, and ends with it. Gives back what came too
/// late.
fn replace_waiting(state: &mut OverseerState, session: SessionId, edit: Item) -> Option<Item> {
    let InboundEvent::Edited { text: changed } = &edit.inbound.event else {
        return Some(edit);
    };
    let waiting = state.sessions.get_mut(&session).and_then(|lane| {
        lane.waiting.iter_mut().find(|item| {
            item.inbound.platform_message_id.is_some()
                && item.inbound.platform_message_id == edit.inbound.platform_message_id
        })
    });
    let Some(waiting) = waiting else { return Some(edit) };
    let InboundEvent::Message { text, .. } = &mut waiting.inbound.event else { return Some(edit) };
    text.clone_from(changed);
    waiting.edits.push(edit);
    None
}

/// Platforms show a pressed button as busy until somebody answers; nothing depends on it.
fn acknowledge_button(shared: &crate::shared::Shared, opened: &Arc<Opened>, inbound: &Inbound) {
    let InboundEvent::ButtonPressed { acknowledgement, .. } = &inbound.event else {
        return;
    };
    let (opened, acknowledgement) = (Arc::clone(opened), acknowledgement.clone());
    shared.tasks.spawn(async move {
        if let Some(lifecycle) = &opened.halves.lifecycle
            && let Err(error) = lifecycle.acknowledge(&acknowledgement).await
        {
            tracing::debug!(error = %error, "a pressed button was not acknowledged");
        }
    });
}
