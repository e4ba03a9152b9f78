//! Rows that end without a turn: context, ignored, commands, notices, dead letters. Each is written
//! by a task of its own and comes back as `Settled`.

use super::decide::{attachments, shown_name, spoken_text};
use super::handle::OverseerHandle;
use super::message::Settled;
use super::place::SessionPlace;
use super::session::SessionCounter;
use super::state::Item;
use crate::patience::patiently;
use crate::shared::Shared;
use crate::subagent::outgoing::{End, Outgoing, outbox_rows, show_end};
use rookery_domain::id::{InboxId, MessageId, SessionId};
use rookery_domain::inbox::{Outcome, Settlement};
use rookery_domain::message::{Author, Inbound, Reply};
use rookery_domain::outbox::OutboxRow;
use rookery_domain::ownership::Lease;
use rookery_domain::ports::StoreError;
use rookery_domain::session::{Message, Session};
use rookery_domain::turn::InboxSettle;
use std::sync::Arc;

/// How a row ends.
#[derive(Debug)]
pub(crate) struct Ending {
    pub(super) outcome: Outcome,
    pub(super) error: Option<String>,
    /// Kept as a message of the session.
    pub(super) keep: bool,
    /// Said to the person.
    pub(super) reply: Option<Reply>,
    /// The context begins after this row.
    pub(super) fresh_context: bool,
}

impl Ending {
    /// Ends without a word.
    pub(super) const fn silent(outcome: Outcome) -> Self {
        Self { outcome, error: None, keep: false, reply: None, fresh_context: false }
    }

    /// Ends with a word.
    pub(super) const fn saying(outcome: Outcome, reply: Reply) -> Self {
        Self { outcome, error: None, keep: false, reply: Some(reply), fresh_context: false }
    }
}

/// A row of a session that ends.
#[derive(Debug)]
pub(super) struct SessionRow {
    pub(super) place: SessionPlace,
    pub(super) counter: Arc<SessionCounter>,
    pub(super) item: Item,
    pub(super) ending: Ending,
    /// Rows of the session that it put an end to.
    pub(super) dropped: Vec<Item>,
    /// Nothing of the session runs until it is written.
    pub(super) is_waited_for: bool,
}

impl SessionRow {
    fn rows(&self) -> Vec<InboxId> {
        std::iter::once(&self.item).chain(&self.dropped).flat_map(Item::rows).collect()
    }

    fn settlements(&self) -> Vec<Settlement> {
        let own = Settlement {
            id: self.item.id,
            outcome: self.ending.outcome,
            error: self.ending.error.clone(),
        };
        let dropped = self.dropped.iter().map(|item| ended(item.id, Outcome::Superseded));
        let items = std::iter::once(&self.item).chain(&self.dropped);
        std::iter::once(own).chain(dropped).chain(merged_edits(items)).collect()
    }
}

const fn ended(id: InboxId, outcome: Outcome) -> Settlement {
    Settlement { id, outcome, error: None }
}

/// The ends of rows that changed the text of others while those waited.
pub(super) fn merged_edits<'a>(
    items: impl Iterator<Item = &'a Item>,
) -> impl Iterator<Item = Settlement> {
    items.flat_map(|item| &item.edits).map(|edit| ended(edit.id, Outcome::Merged))
}

/// Writes the end of a session's row in the background.
pub(super) fn settle_in_session(
    shared: &Shared,
    overseer: &OverseerHandle,
    lease: Lease,
    row: SessionRow,
) {
    let (shared_task, overseer) = (shared.clone(), overseer.clone());
    let work = async move {
        let ids = row.rows();
        match write_in_session(&shared_task, lease, &row).await {
            Ok(outbox) => {
                let waiting = row.is_waited_for.then_some(row.place.id);
                overseer.settled(Settled { ids, waiting, outbox });
            }
            Err(error) => report(&overseer, error),
        }
    };
    shared.tasks.spawn(work);
}

/// Ends a row that belongs to no session, or changes none.
pub(super) fn settle_bare(
    shared: &Shared,
    overseer: &OverseerHandle,
    lease: Lease,
    settlement: Settlement,
) {
    if settlement.outcome == Outcome::Dead {
        metrics::counter!("rookery_dead_letters_total").increment(1);
        tracing::warn!(
            tenant.id = %lease.tenant_id,
            inbox.id = %settlement.id,
            error = settlement.error.as_deref().unwrap_or_default(),
            "dead letter"
        );
    }
    let (shared_task, overseer) = (shared.clone(), overseer.clone());
    let work = async move {
        let id = settlement.id;
        let settle = without_session(&shared_task, vec![settlement]);
        let inbox = &shared_task.services.inbox;
        let written = patiently(&shared_task, || inbox.settle(&lease, settle.clone())).await;
        match written {
            Ok(()) => {
                overseer.settled(Settled { ids: vec![id], waiting: None, outbox: Vec::new() });
            }
            Err(error) => report(&overseer, error),
        }
    };
    shared.tasks.spawn(work);
}

/// Ends rows about which nothing is done. They keep their places in memory until it is written.
pub(super) fn settle_ignored(
    shared: &Shared,
    overseer: &OverseerHandle,
    lease: Lease,
    items: Vec<Item>,
) {
    let settlements = items.iter().map(|item| ended(item.id, Outcome::Ignored)).collect();
    let (shared_task, overseer) = (shared.clone(), overseer.clone());
    shared.tasks.spawn(async move {
        let settle = without_session(&shared_task, settlements);
        let inbox = &shared_task.services.inbox;
        let written = patiently(&shared_task, || inbox.settle(&lease, settle.clone())).await;
        let ids = items.into_iter().map(|item| item.id).collect();
        match written {
            Ok(()) => overseer.settled(Settled { ids, waiting: None, outbox: Vec::new() }),
            Err(error) => report(&overseer, error),
        }
    });
}

fn without_session(shared: &Shared, settlements: Vec<Settlement>) -> InboxSettle {
    InboxSettle {
        session: None,
        contact: None,
        messages: Vec::new(),
        settlements,
        outbox: Vec::new(),
        audit: Vec::new(),
        at: shared.services.clock.now(),
    }
}

async fn write_in_session(
    shared: &Shared,
    lease: Lease,
    row: &SessionRow,
) -> Result<Vec<OutboxRow>, StoreError> {
    let (place, counter) = (&row.place, &row.counter);
    let services = &shared.services;
    let turns = services.turns.as_ref();
    patiently(shared, || counter.load(turns, lease.tenant_id, place.id)).await?;
    let _writing = counter.writer().await;
    let at = services.clock.now();
    let inbound = &row.item.inbound;
    let messages = if row.ending.keep {
        vec![user_message(place.id, row.item.id, inbound, counter.next(), at)]
    } else {
        Vec::new()
    };
    // What was said until now is out of the context from the same moment on.
    let floor = if row.ending.fresh_context { counter.last() } else { 0 };
    let outbox = row.ending.reply.as_ref().map_or_else(Vec::new, |reply| {
        outbox_rows(
            shared,
            counter,
            Outgoing {
                place,
                turn_id: None,
                inbox_id: row.item.id,
                target: &inbound.reply_target,
                reply,
                finishes: None,
                at,
            },
        )
    });
    let settle = InboxSettle {
        session: Some(Session { context_floor_seq: floor, ..place.row(counter.last(), at) }),
        contact: row.ending.keep.then(|| place.contact(inbound)),
        messages,
        settlements: row.settlements(),
        outbox: outbox.clone(),
        audit: Vec::new(),
        at,
    };
    patiently(shared, || services.inbox.settle(&lease, settle.clone())).await?;
    let end = End { runs: &[row.item.id], outcome: row.ending.outcome, usage: (0, 0) };
    show_end(shared, place, counter, &outbox, &end);
    for dropped in &row.dropped {
        let end = End { runs: &[dropped.id], outcome: Outcome::Superseded, usage: (0, 0) };
        show_end(shared, place, counter, &[], &end);
    }
    Ok(outbox)
}

/// A person's message as it is stored. Its id follows from the inbound row, so that a repeat of the
/// write, or a later turn over the same row, finds it there.
pub(crate) fn user_message(
    session_id: SessionId,
    id: InboxId,
    inbound: &Inbound,
    seq: i64,
    created_at: rookery_domain::Timestamp,
) -> Message {
    Message {
        id: MessageId::from_uuid(id.as_uuid()),
        session_id,
        seq,
        author: Author::User,
        text: spoken_text(&inbound.event),
        attachments: attachments(&inbound.event),
        sender_name: shown_name(inbound.conversation.kind, inbound),
        inbox_id: Some(id),
        turn_id: None,
        created_at,
    }
}

pub(super) fn report(overseer: &OverseerHandle, error: StoreError) {
    match error {
        StoreError::Fenced(_) => overseer.fenced(),
        other => overseer.store_lost(other.to_string()),
    }
}
