//! The end of a turn: reply, outbox, usage and outcomes in one transaction, then what is shown of it.

use super::conversation::Tally;
use super::journal::Stream;
use super::outgoing::{End, Outgoing, outbox_rows, show_end};
use super::report::TurnEnd;
use super::turn::TurnSpec;
use crate::patience::patiently;
use crate::shared::Shared;
use rookery_domain::Timestamp;
use rookery_domain::audit::AuditEntry;
use rookery_domain::id::{AgentId, AuditId, InboxId, MessageId, SessionId, TurnId, UsageId};
use rookery_domain::inbox::{Outcome, Settlement};
use rookery_domain::kill_point::{self, KillPoint};
use rookery_domain::message::{Author, Reply};
use rookery_domain::notice::Notice;
use rookery_domain::outbox::OutboxStatus;
use rookery_domain::ports::StoreError;
use rookery_domain::session::Message;
use rookery_domain::turn::{TurnCommit, TurnState};
use rookery_domain::usage::{DayUsage, UsageEvent, UsageKind};

/// How the conversation ended.
#[derive(Debug)]
pub(super) enum Ending {
    Answer(String),
    Notice(Notice),
    /// `/stop`, with what was said until then.
    Stopped(String),
    Interrupted,
}

impl Ending {
    /// The turn's state, what is said, and the notice's code.
    fn verdict(&self) -> (TurnState, Option<Reply>, Option<String>) {
        match self {
            Self::Answer(text) => (TurnState::Completed, Some(Reply::answer(text)), None),
            Self::Notice(notice) => {
                let code = notice.code().to_owned();
                let reply = Reply { text: notice.text(), notice: Some(code.clone()) };
                (TurnState::Failed, Some(reply), Some(code))
            }
            Self::Stopped(text) if !text.trim().is_empty() => {
                (TurnState::Cancelled, Some(Reply::answer(format!("{text} …"))), None)
            }
            Self::Stopped(_) | Self::Interrupted => (TurnState::Cancelled, None, None),
        }
    }
}

/// Writes the end of a turn, shows it, and names what is to be delivered.
pub(super) async fn commit(
    shared: &Shared,
    spec: &TurnSpec,
    ending: Ending,
    tally: &Tally,
    stream: &Stream,
) -> Result<TurnEnd, StoreError> {
    let _writing = spec.counter.writer().await;
    let at = shared.services.clock.now();
    let (state, reply, error_code) = ending.verdict();
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
                finishes: stream.message(),
                at,
            },
        ),
        _ => Vec::new(),
    };
    let settlements = if interrupted { Vec::new() } else { settlements(spec, outcome) };
    let bill = Bill { agent: spec.agent.id, session: spec.place.id, turn: spec.turn_id, at };
    let mut usage = bill.calls(shared, tally);
    if state == TurnState::Completed {
        usage.push(bill.messages(shared, spec.inputs.len()));
    }
    // An interrupted turn's successor goes on with the message, unless the process ends before it.
    let is_doubtful =
        *stream == Stream::Doubtful || (interrupted && matches!(stream, Stream::Open(_)));
    let doubtful = is_doubtful.then(|| doubtful_preview(shared, spec, at));
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
        audit: doubtful.into_iter().collect(),
        at,
    };
    let turns = shared.services.turns.as_ref();
    patiently(shared, || turns.commit(&spec.lease, commit.clone())).await?;
    kill_point::hit(KillPoint::K7OutboxCommitted);
    log_notice(spec, &commit);
    let used = used(&commit.usage);
    if interrupted {
        let growing = stream.message().map(ToOwned::to_owned);
        return Ok(TurnEnd::Interrupted { used, growing });
    }
    show(shared, spec, &commit, outcome);
    let outbox = outbox.into_iter().filter(|row| row.status == OutboxStatus::Pending).collect();
    Ok(TurnEnd::Committed { outbox, used })
}

/// The operator finds under the same code what the person was told.
fn log_notice(spec: &TurnSpec, commit: &TurnCommit) {
    let Some(code) = &commit.error_code else { return };
    tracing::warn!(
        tenant.id = %spec.lease.tenant_id,
        agent.id = %spec.agent.id,
        session.id = %spec.place.id,
        turn.id = %spec.turn_id,
        code,
        "a turn ended with a notice"
    );
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
    created_at: Timestamp,
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

/// A part of the answer may be on the platform, beside the reply that follows.
fn doubtful_preview(shared: &Shared, spec: &TurnSpec, at: Timestamp) -> AuditEntry {
    AuditEntry {
        id: AuditId::generate(shared.services.ids.as_ref()),
        actor: "runtime".to_owned(),
        action: "preview.ambiguous".to_owned(),
        subject: spec.turn_id.to_string(),
        details: serde_json::json!({}),
        at,
    }
}

/// To whom and when a turn's usage is charged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bill {
    pub(crate) agent: AgentId,
    pub(crate) session: SessionId,
    pub(crate) turn: TurnId,
    pub(crate) at: Timestamp,
}

impl Bill {
    /// A fact for each model call.
    pub(crate) fn calls(&self, shared: &Shared, tally: &Tally) -> Vec<UsageEvent> {
        let calls = tally.calls.iter().map(|(model, usage)| UsageEvent {
            kind: UsageKind::Completion,
            model: model.clone(),
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            estimated: usage.estimated,
            ..self.messages(shared, 1)
        });
        calls.collect()
    }

    /// The fact that so many messages were answered.
    fn messages(&self, shared: &Shared, answered: usize) -> UsageEvent {
        UsageEvent {
            id: UsageId::generate(shared.services.ids.as_ref()),
            agent_id: self.agent,
            session_id: self.session,
            turn_id: self.turn,
            kind: UsageKind::Message,
            model: String::new(),
            quantity: u64::try_from(answered).unwrap_or(u64::MAX),
            input_tokens: 0,
            output_tokens: 0,
            estimated: false,
            at: self.at,
        }
    }
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
