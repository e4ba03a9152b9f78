//! A turn's work from the first write to the last.

use super::context::{Setting, conversation, system_prompt};
use super::conversation::{Conversation, Failure, Tally};
use super::ending::{Ending, commit};
use super::journal::{Journal, Replay, Stream, replay};
use super::preview::Telling;
use super::progress::{CancelReason, Progress};
use super::report::TurnEnd;
use crate::channel::ChannelHandle;
use crate::overseer::place::SessionPlace;
use crate::overseer::{OverseerHandle, SessionCounter, own_messages, user_message};
use crate::patience::patiently_alive;
use crate::shared::Shared;
use rookery_domain::Secret;
use rookery_domain::agent::Agent;
use rookery_domain::id::{InboxId, TurnId};
use rookery_domain::inbox::{Outcome, Settlement};
use rookery_domain::message::{Inbound, ReplyTarget};
use rookery_domain::model::ModelMessage;
use rookery_domain::notice::Notice;
use rookery_domain::ownership::Lease;
use rookery_domain::ports::StoreError;
use rookery_domain::session::Message;
use rookery_domain::turn::{Turn, TurnBegin, TurnState, TurnStep, UnfinishedTurn};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One inbound event that a turn answers.
#[derive(Debug, Clone)]
pub(crate) struct TurnInput {
    pub(crate) id: InboxId,
    pub(crate) inbound: Inbound,
    /// A newer message of the same turn took its place.
    pub(crate) superseded: bool,
    /// Rows that changed its text while it waited.
    pub(crate) edits: Vec<InboxId>,
}

/// Everything a turn starts from.
#[derive(Debug)]
pub(crate) struct TurnSpec {
    pub(crate) lease: Lease,
    pub(crate) turn_id: TurnId,
    pub(crate) place: SessionPlace,
    pub(crate) counter: Arc<SessionCounter>,
    pub(crate) agent: Arc<Agent>,
    pub(crate) keys: Arc<BTreeMap<String, Secret>>,
    /// Oldest first; never empty.
    pub(crate) inputs: Vec<TurnInput>,
    /// Where the reply goes: what the newest input says.
    pub(crate) target: ReplyTarget,
    /// The turn as an earlier attempt left it.
    pub(crate) resumed: Option<UnfinishedTurn>,
    /// The growing message of an interrupted turn: this one goes on with it.
    pub(crate) growing: Option<String>,
    /// Who delivers; absent on pulled channels.
    pub(crate) channel: Option<ChannelHandle>,
}

impl TurnSpec {
    pub(super) const fn reply_target(&self) -> &ReplyTarget {
        &self.target
    }

    pub(super) fn newest(&self) -> Option<&TurnInput> {
        self.inputs.last()
    }
}

/// Runs a turn to its end. Cancelling it does not lose its end: that is written all the same.
pub(crate) async fn run(
    shared: &Shared,
    overseer: &OverseerHandle,
    spec: TurnSpec,
    progress: &Arc<Progress>,
) -> TurnEnd {
    match work(shared, overseer, &spec, progress).await {
        Ok(end) => end,
        Err(StoreError::Fenced(_)) => TurnEnd::Fenced,
        Err(error) => TurnEnd::StoreLost(error.to_string()),
    }
}

async fn work(
    shared: &Shared,
    overseer: &OverseerHandle,
    spec: &TurnSpec,
    progress: &Arc<Progress>,
) -> Result<TurnEnd, StoreError> {
    let history = begin(shared, spec, progress).await?;
    progress.began();
    let steps = spec.resumed.as_ref().map_or(&[][..], |unfinished| unfinished.steps.as_slice());
    let Replay { messages: replayed, open_calls, stream, model_calls } = replay(steps);
    let next_index = spec.resumed.as_ref().map_or(0, |unfinished| unfinished.next_index);
    let journal = Arc::new(Journal::new(shared, spec, progress, next_index));
    let stream = match &spec.growing {
        Some(message) => {
            let step = TurnStep::StreamOpened { platform_message_id: message.clone() };
            journal.write(vec![step]).await?;
            Stream::Open(message.clone())
        }
        None => stream,
    };
    let mut telling = Telling::start(shared, spec, &journal, stream);
    let mut tally = Tally::of(steps);
    let (system, mut messages) = context(shared, spec, history);
    messages.extend(replayed);
    let tools = spec
        .agent
        .profile
        .tools
        .iter()
        .filter_map(|name| shared.services.tools.find(name))
        .collect();
    let talk = Conversation {
        shared,
        overseer,
        spec,
        progress,
        journal: &journal,
        system,
        messages,
        tools,
        model_calls,
    };
    let answered = tokio::select! {
        biased;
        answered = talk.answer(&mut telling, &mut tally, open_calls) => Ok(answered),
        reason = progress.wait_cancelled() => Err(reason),
    };
    let ending = match answered {
        Ok(Ok(text)) => Ending::Answer(text),
        Ok(Err(Failure::Notice(notice))) => Ending::Notice(notice),
        Ok(Err(Failure::Store(error))) => return Err(error),
        Err(reason) => {
            tally.cut_off(&telling.so_far());
            match reason {
                CancelReason::OutOfTime => Ending::Notice(Notice::TookTooLong),
                CancelReason::Discarded => Ending::Stopped(String::new()),
                CancelReason::Stopped => Ending::Stopped(telling.so_far()),
                CancelReason::Interrupted => Ending::Interrupted,
            }
        }
    };
    let stream = telling.finish().await;
    commit(shared, spec, ending, &tally, &stream).await
}

/// Records the turn, or finds it recorded, and reads its history.
async fn begin(
    shared: &Shared,
    spec: &TurnSpec,
    progress: &Progress,
) -> Result<Vec<Message>, StoreError> {
    let alive = || progress.beat();
    let services = &shared.services;
    let turns = services.turns.as_ref();
    let tenant = spec.lease.tenant_id;
    patiently_alive(shared, alive, || spec.counter.load(turns, tenant, spec.place.id)).await?;
    let limit = shared.settings.history_messages_max;
    if spec.resumed.is_some() {
        return patiently_alive(shared, alive, || turns.history(tenant, spec.place.id, limit))
            .await;
    }
    let _writing = spec.counter.writer().await;
    let at = services.clock.now();
    let messages = spec
        .inputs
        .iter()
        .map(|input| Message {
            turn_id: Some(spec.turn_id),
            ..user_message(spec.place.id, input.id, &input.inbound, spec.counter.next(), at)
        })
        .collect();
    let begin = TurnBegin {
        turn: Turn {
            tenant_id: tenant,
            id: spec.turn_id,
            session_id: spec.place.id,
            agent_id: spec.agent.id,
            revision_id: spec.agent.revision_id,
            inbox_ids: spec.inputs.iter().map(|input| input.id).collect(),
            reply_target: spec.target.clone(),
            state: TurnState::Running,
            attempt: 1,
            started_at: at,
        },
        session: spec.place.row(spec.counter.last(), at),
        contact: spec.newest().map(|input| spec.place.contact(&input.inbound)),
        messages,
        settlements: spec.inputs.iter().flat_map(merged_edits).collect(),
        history_messages_max: limit,
    };
    patiently_alive(shared, alive, || turns.begin(&spec.lease, begin.clone())).await
}

/// Their text is in the recorded messages from here on.
fn merged_edits(input: &TurnInput) -> impl Iterator<Item = Settlement> {
    let merged = |id: &InboxId| Settlement { id: *id, outcome: Outcome::Merged, error: None };
    input.edits.iter().map(merged)
}

fn context(shared: &Shared, spec: &TurnSpec, history: Vec<Message>) -> (String, Vec<ModelMessage>) {
    let kind = spec.place.kind;
    let profile = &spec.agent.profile;
    let system = system_prompt(&Setting {
        instructions: &profile.instructions,
        agent_name: &profile.name,
        kind,
        now: shared.services.clock.now(),
    });
    let budget = shared.settings.context_tokens_max;
    let brought = spec.newest().and_then(|input| input.inbound.history.clone());
    let messages = match brought {
        Some(mut brought) => {
            let own = own_messages(history, spec.turn_id);
            brought.extend(conversation(&system, &own, kind, budget));
            brought
        }
        None => conversation(&system, &history, kind, budget),
    };
    (system, messages)
}
