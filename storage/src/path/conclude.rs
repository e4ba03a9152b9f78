//! From what the statements reported to the answer of each operation. Pure.

use super::operation::{Ambiguity, Answer, Operation, OutboxTransition, Outcome};
use super::part::Part;
use super::rows::{Report, Row};
use crate::entity::audit_log;
use bytes::Bytes;
use rookery_domain::audit::AuditEntry;
use rookery_domain::id::{AuditId, InboxId, OutboxId, TurnId};
use rookery_domain::inbox::Appended;
use rookery_domain::outbox::OutboxStatus;
use rookery_domain::ports::StoreError;
use rookery_domain::session::Message;
use std::collections::{BTreeMap, HashSet};
use uuid::Uuid;

/// The answer of an operation, and what it leaves in the audit log.
#[derive(Debug)]
pub(super) struct Concluded {
    pub(super) answer: Result<Answer, StoreError>,
    pub(super) audit: Vec<AuditEntry>,
}

/// What must be looked up because an operation's rows were not reported as written: a duplicate, a
/// repeat, or something that is not there.
pub(super) fn doubts(operations: &[&Operation], report: &Report) -> BTreeMap<Part, Vec<Row>> {
    let mut doubts: BTreeMap<Part, Vec<Row>> = BTreeMap::new();
    for (number, operation) in (0_i64..).zip(operations) {
        let tenant = operation.tenant.as_uuid();
        let doubt = match &operation.outcome {
            Outcome::Appended { id, connection_id, dedupe_key }
                if report.number(Part::Inbox, id.as_uuid()).is_none() =>
            {
                Some((
                    Part::FirstInbox,
                    vec![
                        tenant.into(),
                        connection_id.as_uuid().into(),
                        dedupe_key.as_str().into(),
                        number.into(),
                    ],
                ))
            }
            Outcome::Ended { turn_id }
                if report.number(Part::TurnEnds, turn_id.as_uuid()).is_none() =>
            {
                Some((Part::TurnStates, vec![tenant.into(), turn_id.as_uuid().into()]))
            }
            Outcome::Journalled { turn_id }
                if report.number(Part::RunningTurns, turn_id.as_uuid()).is_none() =>
            {
                Some((Part::TurnStates, vec![tenant.into(), turn_id.as_uuid().into()]))
            }
            Outcome::Changed(transition)
                if report.number(Part::OutboxChanges, transition.id.as_uuid()).is_none() =>
            {
                Some((Part::OutboxStates, vec![tenant.into(), transition.id.as_uuid().into()]))
            }
            _ => None,
        };
        if let Some((part, row)) = doubt {
            doubts.entry(part).or_default().push(row);
        }
    }
    doubts
}

/// `number` is the operation's place within the run.
pub(super) fn answer(number: i64, operation: &Operation, report: &mut Report) -> Concluded {
    let mut audit = Vec::new();
    let answer = match &operation.outcome {
        Outcome::Done => {
            audit.clone_from(&operation.audit);
            Ok(Answer::Done)
        }
        Outcome::Appended { id, .. } => appended(number, *id, report),
        Outcome::History { session_id, floor_seq, messages_max, added } => {
            let (own, others) = std::mem::take(&mut report.history)
                .into_iter()
                .partition(|message: &Message| message.session_id == *session_id);
            report.history = others;
            Ok(Answer::History(joined(own, added, *floor_seq, *messages_max)))
        }
        Outcome::Journalled { turn_id } => journalled(*turn_id, report),
        Outcome::Ended { turn_id } => {
            let id = turn_id.as_uuid();
            if report.number(Part::TurnEnds, id).is_some() {
                audit.clone_from(&operation.audit);
                Ok(Answer::Done)
            } else if report.number(Part::TurnStates, id).is_some() {
                Ok(Answer::Done)
            } else {
                Err(StoreError::NotFound(turn_id.to_string()))
            }
        }
        Outcome::Changed(transition) => {
            let attempts = report.number(Part::OutboxChanges, transition.id.as_uuid());
            if let (Some(attempts), Some(ambiguity)) = (attempts, &transition.ambiguity) {
                audit.push(ambiguous(transition.id, attempts, ambiguity));
            }
            changed(transition, attempts.is_some(), report)
        }
    };
    Concluded { answer, audit }
}

fn appended(number: i64, id: InboxId, report: &Report) -> Result<Answer, StoreError> {
    if report.number(Part::Inbox, id.as_uuid()).is_some() {
        return Ok(Answer::Appended(Appended::Stored));
    }
    let first = report.id(Part::FirstInbox, number).map(InboxId::from_uuid).ok_or_else(|| {
        StoreError::Unavailable("a row with the same key was just removed".to_owned())
    })?;
    // The row's own id: an earlier attempt at this very write was stored after all.
    Ok(Answer::Appended(if first == id { Appended::Stored } else { Appended::Duplicate(first) }))
}

fn journalled(turn_id: TurnId, report: &Report) -> Result<Answer, StoreError> {
    let id = turn_id.as_uuid();
    if report.number(Part::RunningTurns, id).is_some() {
        Ok(Answer::Done)
    } else if report.number(Part::TurnStates, id).is_some() {
        Err(StoreError::Conflict(format!("{turn_id} has ended")))
    } else {
        Err(StoreError::NotFound(turn_id.to_string()))
    }
}

fn changed(
    transition: &OutboxTransition,
    is_applied: bool,
    report: &Report,
) -> Result<Answer, StoreError> {
    if is_applied {
        return Ok(Answer::Done);
    }
    let id = transition.id;
    let place = report
        .number(Part::OutboxStates, id.as_uuid())
        .ok_or_else(|| StoreError::NotFound(id.to_string()))?;
    let found = usize::try_from(place).ok().and_then(|place| OutboxStatus::ALL.get(place));
    match found {
        Some(found) if *found == transition.to => Ok(Answer::Done),
        Some(found) => Err(StoreError::Conflict(format!(
            "{id} is {}, so it cannot become {}",
            found.as_str(),
            transition.to.as_str()
        ))),
        None => Err(StoreError::Broken(format!("{id} has an unknown status"))),
    }
}

/// The id follows from the row, the attempt and its time, so that a repeat of the write adds no entry,
/// and an attempt of a replayed row does.
fn ambiguous(id: OutboxId, attempts: i64, ambiguity: &Ambiguity) -> AuditEntry {
    let name = [attempts.to_be_bytes(), ambiguity.at.as_millis().to_be_bytes()].concat();
    AuditEntry {
        id: AuditId::from_uuid(Uuid::new_v5(&id.as_uuid(), &name)),
        actor: "runtime".to_owned(),
        action: "outbox.ambiguous".to_owned(),
        subject: id.to_string(),
        details: serde_json::json!({
            "attempt": attempts,
            "error": ambiguity.error,
            "resend": ambiguity.is_repeated,
        }),
        at: ambiguity.at,
    }
}

/// Stored messages and those that the write adds, oldest first, the newest `messages_max`.
fn joined(
    stored: Vec<Message>,
    added: &[Message],
    floor_seq: i64,
    messages_max: usize,
) -> Vec<Message> {
    let known: HashSet<_> = stored.iter().map(|message| message.id).collect();
    let mut all = stored;
    all.extend(
        added
            .iter()
            .filter(|message| message.seq > floor_seq && !known.contains(&message.id))
            .cloned(),
    );
    all.sort_by_key(|message| message.seq);
    let surplus = all.len().saturating_sub(messages_max);
    all.drain(..surplus);
    all
}

/// An entry as an input row.
pub(super) fn audit_row(row: audit_log::Model) -> Row {
    vec![
        row.tenant_id.into(),
        row.seq.into(),
        row.id.into(),
        row.actor.into(),
        row.action.into(),
        row.subject.into(),
        row.details.into(),
        row.at.into(),
        Bytes::from(row.previous_hash).into(),
        Bytes::from(row.hash).into(),
    ]
}
