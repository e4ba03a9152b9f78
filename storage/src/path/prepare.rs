//! Makes the rows of a write, in the caller's task: what can fail here fails before it is queued.

use super::effect::Effect;
use super::operation::{Operation, OutboxTransition, Outcome};
use super::part::Part;
use super::rows::{Cell, Row};
use super::stored::{author, conversation_kind, to_count, to_json};
use rookery_domain::Timestamp;
use rookery_domain::id::{TenantId, TurnId};
use rookery_domain::inbox::{NewInbound, Settlement};
use rookery_domain::outbox::{OutboxChange, OutboxRow};
use rookery_domain::ownership::Lease;
use rookery_domain::ports::StoreError;
use rookery_domain::session::{Contact, Message, Session};
use rookery_domain::turn::{InboxSettle, Turn, TurnBegin, TurnCommit, TurnStep};
use rookery_domain::usage::UsageEvent;
use uuid::Uuid;

type Prepared = Result<Operation, StoreError>;

macro_rules! row {
    ($($value:expr),* $(,)?) => { vec![$(Cell::from($value)),*] };
}

pub(super) fn append(inbound: NewInbound) -> Operation {
    let tenant = inbound.tenant_id.as_uuid();
    let received_at = inbound.received_at.as_millis();
    let raw_bytes = inbound.raw.len();
    let inbox = row![
        tenant,
        inbound.id.as_uuid(),
        inbound.connection_id.as_uuid(),
        inbound.channel.as_str(),
        inbound.dedupe_key.as_str(),
        inbound.raw,
        received_at,
    ];
    Operation {
        tenant: inbound.tenant_id,
        lease: None,
        touches: vec![inbound.id.as_uuid()],
        rows: vec![(Part::Inbox, inbox), (Part::Wake, row![tenant, received_at])],
        audit: Vec::new(),
        outcome: Outcome::Appended {
            id: inbound.id,
            connection_id: inbound.connection_id,
            dedupe_key: inbound.dedupe_key,
        },
        raw_bytes,
    }
}

pub(super) fn settle(lease: &Lease, settle: InboxSettle) -> Prepared {
    let mut draft = Draft::new(lease);
    if let Some(session) = &settle.session {
        draft.session(session);
    }
    if let Some(contact) = settle.contact {
        draft.contact(contact, settle.at);
    }
    for message in settle.messages {
        draft.message(&message, None)?;
    }
    draft.settlements(settle.settlements, None, settle.at, None);
    for row in &settle.outbox {
        draft.outbox(row, None)?;
    }
    Ok(draft.finish(settle.audit, Outcome::Done))
}

pub(super) fn begin(lease: &Lease, begin: TurnBegin) -> Prepared {
    let mut draft = Draft::new(lease);
    let at = begin.turn.started_at;
    let turn_id = begin.turn.id;
    draft.session(&begin.session);
    if let Some(contact) = begin.contact {
        draft.contact(contact, at);
    }
    for message in &begin.messages {
        draft.message(message, None)?;
    }
    draft.turn(&begin.turn)?;
    draft.settlements(begin.settlements, Some(turn_id), at, None);
    let floor_seq = begin.session.context_floor_seq;
    draft.add(
        Part::History,
        row![
            draft.tenant(),
            begin.session.id.as_uuid(),
            floor_seq,
            i64::from(begin.history_messages_max),
        ],
    );
    let outcome = Outcome::History {
        session_id: begin.session.id,
        floor_seq,
        messages_max: usize::try_from(begin.history_messages_max).unwrap_or(usize::MAX),
        added: begin.messages,
    };
    Ok(draft.finish(Vec::new(), outcome))
}

pub(super) fn journal(
    lease: &Lease,
    turn_id: TurnId,
    first_index: u32,
    steps: &[TurnStep],
    at: Timestamp,
) -> Prepared {
    let mut draft = Draft::new(lease);
    draft.touch(turn_id.as_uuid());
    draft.add(Part::RunningTurns, row![draft.tenant(), turn_id.as_uuid()]);
    for (index, step) in (i64::from(first_index)..).zip(steps) {
        draft.add(
            Part::Steps,
            row![draft.tenant(), turn_id.as_uuid(), index, to_json(step)?, at.as_millis(),],
        );
    }
    Ok(draft.finish(Vec::new(), Outcome::Journalled { turn_id }))
}

pub(super) fn commit(lease: &Lease, commit: TurnCommit) -> Prepared {
    let mut draft = Draft::new(lease);
    let turn_id = commit.turn_id;
    let guard = Some(turn_id.as_uuid());
    let at = commit.at.as_millis();
    draft.touch(turn_id.as_uuid());
    draft.touch(commit.session_id.as_uuid());
    draft.add(
        Part::TurnEnds,
        row![draft.tenant(), turn_id.as_uuid(), commit.state.as_str(), commit.error_code, at,],
    );
    draft.add(
        Part::SessionRaises,
        row![draft.tenant(), commit.session_id.as_uuid(), commit.last_seq, at, guard,],
    );
    if let Some(message) = &commit.message {
        draft.message(message, guard)?;
    }
    draft.settlements(commit.settlements, Some(turn_id), commit.at, guard);
    for row in &commit.outbox {
        draft.outbox(row, guard)?;
    }
    for event in &commit.usage {
        draft.usage(event, guard);
    }
    Ok(draft.finish(commit.audit, Outcome::Ended { turn_id }))
}

pub(super) fn change(lease: &Lease, change: OutboxChange, at: Timestamp) -> Operation {
    let mut draft = Draft::new(lease);
    let id = change.id.as_uuid();
    draft.touch(id);
    let effect = Effect::of(change.step, at);
    draft.add(
        Part::OutboxChanges,
        row![
            draft.tenant(),
            id,
            effect.to.as_str(),
            effect.attempts,
            effect.next_attempt_at.map(Timestamp::as_millis),
            effect.ambiguity.is_some(),
            effect.platform_message_id,
            effect.error,
            effect.sent_at.map(Timestamp::as_millis),
            effect.from_pending,
            effect.from_sending,
        ],
    );
    let transition = OutboxTransition { id: change.id, to: effect.to, ambiguity: effect.ambiguity };
    draft.finish(Vec::new(), Outcome::Changed(transition))
}

/// Rows of one fenced write as they are collected.
struct Draft {
    lease: Lease,
    touches: Vec<Uuid>,
    rows: Vec<(Part, Row)>,
}

impl Draft {
    fn new(lease: &Lease) -> Self {
        Self { lease: *lease, touches: Vec::new(), rows: Vec::new() }
    }

    fn finish(self, audit: Vec<rookery_domain::audit::AuditEntry>, outcome: Outcome) -> Operation {
        Operation {
            tenant: self.lease.tenant_id,
            lease: Some(self.lease),
            touches: self.touches,
            rows: self.rows,
            audit,
            outcome,
            raw_bytes: 0,
        }
    }

    const fn tenant(&self) -> Uuid {
        let tenant: TenantId = self.lease.tenant_id;
        tenant.as_uuid()
    }

    fn touch(&mut self, id: Uuid) {
        self.touches.push(id);
    }

    fn add(&mut self, part: Part, row: Row) {
        self.rows.push((part, row));
    }

    fn session(&mut self, session: &Session) {
        let id = session.id.as_uuid();
        self.touch(id);
        let row = row![
            self.tenant(),
            id,
            session.connection_id.as_uuid(),
            session.agent_id.as_uuid(),
            session.conversation_key.as_str(),
            conversation_kind(session.kind),
            session.contact_id.map(rookery_domain::id::ContactId::as_uuid),
            session.last_seq,
            session.context_floor_seq,
            session.last_active_at.as_millis(),
        ];
        self.add(Part::Sessions, row);
    }

    fn contact(&mut self, contact: Contact, at: Timestamp) {
        let id = contact.id.as_uuid();
        self.touch(id);
        let row = row![
            self.tenant(),
            id,
            contact.connection_id.as_uuid(),
            contact.platform_user_id,
            contact.display_name,
            contact.locale,
            at.as_millis(),
        ];
        self.add(Part::Contacts, row);
    }

    fn message(&mut self, message: &Message, guard: Option<Uuid>) -> Result<(), StoreError> {
        let row = row![
            self.tenant(),
            message.id.as_uuid(),
            message.session_id.as_uuid(),
            message.seq,
            author(message.author),
            message.text.as_str(),
            to_json(&message.attachments)?,
            message.sender_name.clone(),
            message.inbox_id.map(rookery_domain::id::InboxId::as_uuid),
            message.turn_id.map(TurnId::as_uuid),
            message.created_at.as_millis(),
            guard,
        ];
        self.add(Part::Messages, row);
        Ok(())
    }

    fn turn(&mut self, turn: &Turn) -> Result<(), StoreError> {
        let id = turn.id.as_uuid();
        self.touch(id);
        let row = row![
            self.tenant(),
            id,
            turn.session_id.as_uuid(),
            turn.agent_id.as_uuid(),
            turn.revision_id.as_uuid(),
            to_json(&turn.inbox_ids)?,
            to_json(&turn.reply_target)?,
            turn.state.as_str(),
            i64::from(turn.attempt),
            turn.started_at.as_millis(),
        ];
        self.add(Part::Turns, row);
        Ok(())
    }

    fn settlements(
        &mut self,
        settlements: Vec<Settlement>,
        turn_id: Option<TurnId>,
        at: Timestamp,
        guard: Option<Uuid>,
    ) {
        for settlement in settlements {
            let id = settlement.id.as_uuid();
            self.touch(id);
            let row = row![
                self.tenant(),
                id,
                settlement.outcome.as_str(),
                turn_id.map(TurnId::as_uuid),
                settlement.error,
                at.as_millis(),
                guard,
            ];
            self.add(Part::Settlements, row);
        }
    }

    fn outbox(&mut self, outbox: &OutboxRow, guard: Option<Uuid>) -> Result<(), StoreError> {
        let row = row![
            self.tenant(),
            outbox.id.as_uuid(),
            outbox.session_id.as_uuid(),
            outbox.connection_id.as_uuid(),
            outbox.turn_id.map(TurnId::as_uuid),
            outbox.inbox_id.map(rookery_domain::id::InboxId::as_uuid),
            outbox.seq,
            self.lease.epoch.0,
            to_json(&outbox.target)?,
            to_json(&outbox.content)?,
            outbox.status.as_str(),
            i64::from(outbox.attempts),
            outbox.next_attempt_at.as_millis(),
            outbox.was_ambiguous,
            outbox.platform_message_id.clone(),
            outbox.error.clone(),
            outbox.created_at.as_millis(),
            outbox.sent_at.map(Timestamp::as_millis),
            guard,
        ];
        self.add(Part::Outbox, row);
        Ok(())
    }

    fn usage(&mut self, event: &UsageEvent, guard: Option<Uuid>) {
        let row = row![
            self.tenant(),
            event.id.as_uuid(),
            event.agent_id.as_uuid(),
            event.session_id.as_uuid(),
            event.turn_id.as_uuid(),
            event.kind.as_str(),
            event.model.as_str(),
            to_count(event.quantity),
            to_count(event.input_tokens),
            to_count(event.output_tokens),
            event.estimated,
            event.at.as_millis(),
            guard,
        ];
        self.add(Part::Usage, row);
    }
}
