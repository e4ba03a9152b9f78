//! A turn's work from the first write to the last.

use super::context::{Setting, conversation, system_prompt};
use super::conversation::{Conversation, Failure, Tally};
use super::journal::{Journal, Replay, replay};
use super::outgoing::{End, Outgoing, outbox_rows, show_end};
use super::preview::Telling;
use super::progress::{CancelReason, Progress};
use super::report::TurnEnd;
use crate::channel::ChannelHandle;
use crate::overseer::place::SessionPlace;
use crate::overseer::{OverseerHandle, SessionCounter, own_messages, user_message};
use crate::patience::patiently;
use crate::shared::Shared;
use rookery_domain::Secret;
use rookery_domain::agent::Agent;
use rookery_domain::id::{InboxId, MessageId, TurnId, UsageId};
use rookery_domain::inbox::{Outcome, Settlement};
use rookery_domain::kill_point::{self, KillPoint};
use rookery_domain::message::{Author, Inbound, Reply, ReplyTarget};
use rookery_domain::model::ModelMessage;
use rookery_domain::notice::Notice;
use rookery_domain::outbox::OutboxStatus;
use rookery_domain::ownership::Lease;
use rookery_domain::ports::StoreError;
use rookery_domain::session::Message;
use rookery_domain::turn::{Turn, TurnBegin, TurnCommit, TurnState, UnfinishedTurn};
use rookery_domain::usage::{DayUsage, UsageEvent, UsageKind};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One inbound event that a turn answers.
#[derive(Debug, Clone)]
pub(crate) struct TurnInput {
    pub(crate) id: InboxId,
    pub(crate) inbound: Inbound,
    /// A newer message of the same turn took its place.
    pub(crate) superseded: bool,
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
    /// Who delivers; absent on pulled channels.
    pub(crate) channel: Option<ChannelHandle>,
}

impl TurnSpec {
    pub(super) const fn reply_target(&self) -> &ReplyTarget {
        &self.target
    }

    fn newest(&self) -> Option<&TurnInput> {
        self.inputs.last()
    }
}

/// How the conversation ended.
enum Ending {
    Answer(String),
    Notice(Notice),
    /// `/stop`, with what was said until then.
    Stopped(String),
    Interrupted,
}

/// Runs a turn to its end. Cancelling it does not lose its end: that is written all the same.
pub(crate) async fn run(
    shared: &Shared,
    overseer: &OverseerHandle,
    spec: TurnSpec,
    progress: &Progress,
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
    progress: &Progress,
) -> Result<TurnEnd, StoreError> {
    let history = begin(shared, spec).await?;
    progress.began();
    let steps = spec.resumed.as_ref().map_or(&[][..], |unfinished| unfinished.steps.as_slice());
    let Replay { messages: replayed, open_calls, stream, model_calls } = replay(steps);
    let journal = Arc::new(Journal::new(shared, spec.lease, spec.turn_id, steps.len()));
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
        Err(CancelReason::OutOfTime) => Ending::Notice(Notice::TookTooLong),
        Err(CancelReason::Stopped) => Ending::Stopped(telling.so_far()),
        Err(CancelReason::Interrupted) => Ending::Interrupted,
    };
    let stream = telling.finish().await;
    commit(shared, spec, ending, &tally, stream.as_deref()).await
}

/// Records the turn, or finds it recorded, and reads its history.
async fn begin(shared: &Shared, spec: &TurnSpec) -> Result<Vec<Message>, StoreError> {
    let services = &shared.services;
    let turns = services.turns.as_ref();
    let tenant = spec.lease.tenant_id;
    patiently(shared, || spec.counter.load(turns, tenant, spec.place.id)).await?;
    let limit = shared.settings.history_messages_max;
    if spec.resumed.is_some() {
        return patiently(shared, || turns.history(tenant, spec.place.id, limit)).await;
    }
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
        settlements: Vec::new(),
        history_messages_max: limit,
    };
    patiently(shared, || turns.begin(&spec.lease, begin.clone())).await
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

async fn commit(
    shared: &Shared,
    spec: &TurnSpec,
    ending: Ending,
    tally: &Tally,
    stream: Option<&str>,
) -> Result<TurnEnd, StoreError> {
    let at = shared.services.clock.now();
    let (state, reply, error_code) = match &ending {
        Ending::Answer(text) => (TurnState::Completed, Some(Reply::answer(text)), None),
        Ending::Notice(notice) => {
            let code = notice.code().to_owned();
            let reply = Reply { text: notice.text(), notice: Some(code.clone()) };
            (TurnState::Failed, Some(reply), Some(code))
        }
        Ending::Stopped(text) if !text.trim().is_empty() => {
            (TurnState::Cancelled, Some(Reply::answer(format!("{text} …"))), None)
        }
        Ending::Stopped(_) | Ending::Interrupted => (TurnState::Cancelled, None, None),
    };
    let interrupted = matches!(ending, Ending::Interrupted);
    let outcome = match ending {
        Ending::Answer(_) | Ending::Notice(_) => Outcome::Answered,
        Ending::Stopped(_) | Ending::Interrupted => Outcome::Superseded,
    };
    let message = matches!(ending, Ending::Answer(_) | Ending::Stopped(_))
        .then_some(reply.as_ref())
        .flatten()
        .map(|reply| assistant_message(shared, spec, &reply.text, at));
    let outbox = match (&reply, spec.newest()) {
        (Some(reply), Some(newest)) => outbox_rows(
            shared,
            &spec.counter,
            Outgoing {
                place: &spec.place,
                turn_id: Some(spec.turn_id),
                inbox_id: newest.id,
                target: &spec.target,
                reply,
                finishes: stream,
                at,
            },
        ),
        _ => Vec::new(),
    };
    let settlements = if interrupted { Vec::new() } else { settlements(spec, outcome) };
    let usage = usage_events(shared, spec, tally, state == TurnState::Completed, at);
    let commit = TurnCommit {
        turn_id: spec.turn_id,
        session_id: spec.place.id,
        state,
        error_code,
        message,
        outbox: outbox.clone(),
        usage,
        settlements,
        last_seq: spec.counter.last(),
        audit: Vec::new(),
        at,
    };
    let turns = shared.services.turns.as_ref();
    patiently(shared, || turns.commit(&spec.lease, commit.clone())).await?;
    kill_point::hit(KillPoint::K7OutboxCommitted);
    let used = used(&commit.usage);
    if interrupted {
        return Ok(TurnEnd::Interrupted { used });
    }
    show(shared, spec, &commit, outcome);
    let outbox = outbox.into_iter().filter(|row| row.status == OutboxStatus::Pending).collect();
    Ok(TurnEnd::Committed { outbox, used })
}

fn show(shared: &Shared, spec: &TurnSpec, commit: &TurnCommit, outcome: Outcome) {
    let runs: Vec<InboxId> = spec.inputs.iter().map(|input| input.id).collect();
    let read = commit.usage.iter().map(|event| event.input_tokens).sum();
    let written = commit.usage.iter().map(|event| event.output_tokens).sum();
    let end = End { runs: &runs, outcome, usage: (read, written) };
    show_end(shared, &spec.place, &spec.counter, &commit.outbox, &end);
}

fn assistant_message(
    shared: &Shared,
    spec: &TurnSpec,
    text: &str,
    created_at: rookery_domain::Timestamp,
) -> Message {
    Message {
        id: MessageId::generate(shared.services.ids.as_ref()),
        session_id: spec.place.id,
        seq: spec.counter.next(),
        author: Author::Assistant,
        text: text.to_owned(),
        attachments: Vec::new(),
        sender_name: None,
        inbox_id: None,
        turn_id: Some(spec.turn_id),
        created_at,
    }
}

/// The newest row has the turn's outcome; those it was answered together with say so.
fn settlements(spec: &TurnSpec, outcome: Outcome) -> Vec<Settlement> {
    let newest = spec.newest().map(|input| input.id);
    spec.inputs
        .iter()
        .map(|input| {
            let own = match outcome {
                Outcome::Answered if Some(input.id) == newest => Outcome::Answered,
                Outcome::Answered if input.superseded => Outcome::Superseded,
                Outcome::Answered => Outcome::Merged,
                other => other,
            };
            Settlement { id: input.id, outcome: own, error: None }
        })
        .collect()
}

fn usage_events(
    shared: &Shared,
    spec: &TurnSpec,
    tally: &Tally,
    completed: bool,
    at: rookery_domain::Timestamp,
) -> Vec<UsageEvent> {
    let ids = shared.services.ids.as_ref();
    let blank = || UsageEvent {
        id: UsageId::generate(ids),
        agent_id: spec.agent.id,
        session_id: spec.place.id,
        turn_id: spec.turn_id,
        kind: UsageKind::Message,
        model: String::new(),
        quantity: 1,
        input_tokens: 0,
        output_tokens: 0,
        estimated: false,
        at,
    };
    let inputs = u64::try_from(spec.inputs.len()).unwrap_or(u64::MAX);
    let message = completed.then(|| UsageEvent { quantity: inputs, ..blank() });
    let calls = tally.calls.iter().map(|(model, usage)| UsageEvent {
        kind: UsageKind::Completion,
        model: model.clone(),
        input_tokens: usage.input_tokens,
        output_tokens: usage.output_tokens,
        estimated: usage.estimated,
        ..blank()
    });
    message.into_iter().chain(calls).collect()
}

fn used(events: &[UsageEvent]) -> DayUsage {
    DayUsage {
        messages: events
            .iter()
            .filter(|event| event.kind == UsageKind::Message)
            .map(|event| event.quantity)
            .sum(),
        tokens: events.iter().map(|event| event.input_tokens + event.output_tokens).sum(),
    }
}
