//! The shell: starts the work, watches its limits, reports its end.

use super::decide::{Event, Limits, Phase, decide};
use super::handle::SubagentHandle;
use super::message::SubagentMessage;
use super::progress::{CancelReason, Progress};
use super::report::{TurnEnd, TurnReport};
use super::turn::{self, TurnSpec};
use crate::overseer::OverseerHandle;
use crate::shared::Shared;
use futures::FutureExt;
use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef};
use rookery_domain::id::{SessionId, TurnId};
use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

/// One running turn.
#[derive(Debug)]
pub(crate) struct Subagent {
    shared: Shared,
    overseer: OverseerHandle,
}

/// Its memory.
#[derive(Debug)]
pub(crate) struct SubagentState {
    phase: Phase,
    spec: Option<TurnSpec>,
    session: SessionId,
    turn_id: TurnId,
    progress: Arc<Progress>,
}

impl Subagent {
    /// Starts a turn below its overseer.
    pub(crate) async fn start(
        shared: Shared,
        overseer: OverseerHandle,
        spec: TurnSpec,
        supervisor: ActorCell,
    ) -> Result<SubagentHandle, ractor::SpawnErr> {
        let (actor, _join) =
            Actor::spawn_linked(None, Self { shared, overseer }, spec, supervisor).await?;
        if actor.cast(SubagentMessage::Run).is_err() {
            tracing::warn!("a turn ended before it began");
        }
        Ok(SubagentHandle::new(actor))
    }

    fn limits(&self) -> Limits {
        let settings = &self.shared.settings;
        Limits {
            spawn: settings.spawn_time_limit,
            heartbeat: settings.heartbeat_time_limit,
            task: settings.turn_time_limit(),
        }
    }

    fn step(&self, state: &mut SubagentState, event: Event) {
        let decision = decide(state.phase, event, &self.limits());
        state.phase = decision.phase;
        if decision.cancel {
            tracing::warn!(turn.id = %state.turn_id, "a turn is out of time");
            state.progress.cancel(CancelReason::OutOfTime);
        }
    }

    fn run(&self, myself: ActorRef<SubagentMessage>, state: &mut SubagentState) {
        let Some(spec) = state.spec.take() else {
            return;
        };
        self.step(state, Event::Spawned);
        let (shared, overseer) = (self.shared.clone(), self.overseer.clone());
        let progress = Arc::clone(&state.progress);
        self.shared.tasks.spawn(async move {
            let work = turn::run(&shared, &overseer, spec, &progress);
            let end = AssertUnwindSafe(work)
                .catch_unwind()
                .await
                .unwrap_or_else(|panic| TurnEnd::Crashed(panic_text(panic.as_ref())));
            if myself.cast(SubagentMessage::Finished(end)).is_err() {
                tracing::debug!("the subagent is gone before its turn ended");
            }
        });
    }
}

impl Actor for Subagent {
    type Msg = SubagentMessage;
    type State = SubagentState;
    type Arguments = TurnSpec;

    async fn pre_start(
        &self,
        _myself: ActorRef<Self::Msg>,
        spec: Self::Arguments,
    ) -> Result<Self::State, ActorProcessingErr> {
        Ok(SubagentState {
            phase: Phase::Pending,
            session: spec.place.id,
            turn_id: spec.turn_id,
            spec: Some(spec),
            progress: Arc::new(Progress::new()),
        })
    }

    async fn handle(
        &self,
        myself: ActorRef<Self::Msg>,
        message: Self::Msg,
        state: &mut Self::State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            SubagentMessage::Run => self.run(myself, state),
            SubagentMessage::Cancel(reason) => state.progress.cancel(reason),
            SubagentMessage::Check => {
                if state.progress.has_begun() {
                    self.step(state, Event::Began);
                }
                let (age, silent_for) = (state.progress.age(), state.progress.silent_for());
                self.step(state, Event::Check { age, silent_for });
            }
            SubagentMessage::Finished(end) => {
                let crashed = matches!(end, TurnEnd::Crashed(_));
                self.step(state, if crashed { Event::Crashed } else { Event::Finished });
                self.overseer.turn_ended(TurnReport {
                    session: state.session,
                    turn_id: state.turn_id,
                    end,
                });
                self.step(state, Event::Reported);
                myself.stop(None);
            }
        }
        Ok(())
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "panicked".to_owned())
}
