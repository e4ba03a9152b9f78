//! A conversation that the platform gave another name (a group that grew): its newest context is
//! copied to the session of the new name. Runs beside the mailbox; a repeat copies nothing twice.

use super::handle::OverseerHandle;
use super::message::Settled;
use super::place::SessionPlace;
use super::session::SessionCounter;
use super::settle::report;
use super::state::Item;
use crate::patience::patiently;
use crate::shared::Shared;
use rookery_domain::id::SessionId;
use rookery_domain::inbox::{Outcome, Settlement};
use rookery_domain::ownership::Lease;
use rookery_domain::ports::StoreError;
use rookery_domain::session::Message;
use rookery_domain::turn::InboxSettle;
use std::sync::Arc;

/// A move.
#[derive(Debug)]
pub(super) struct Move {
    pub(super) lease: Lease,
    pub(super) from: SessionId,
    /// The new name.
    pub(super) place: SessionPlace,
    pub(super) counter: Arc<SessionCounter>,
    /// The row that told of it.
    pub(super) item: Item,
}

/// Copies the context and ends the row.
pub(super) fn carry_over(shared: &Shared, overseer: &OverseerHandle, case: Move) {
    let (shared_task, overseer) = (shared.clone(), overseer.clone());
    shared.tasks.spawn(async move {
        match write(&shared_task, &case).await {
            Ok(()) => overseer.settled(Settled {
                ids: vec![case.item.id],
                waiting: None,
                outbox: Vec::new(),
            }),
            Err(error) => report(&overseer, error),
        }
    });
}

async fn write(shared: &Shared, case: &Move) -> Result<(), StoreError> {
    let services = &shared.services;
    let (turns, inbox) = (services.turns.as_ref(), services.inbox.as_ref());
    let (tenant, to) = (case.lease.tenant_id, case.place.id);
    patiently(shared, || case.counter.load(turns, tenant, to)).await?;
    let limit = shared.settings.history_messages_max;
    let history = patiently(shared, || turns.history(tenant, case.from, limit)).await?;
    let _writing = case.counter.writer().await;
    let at = services.clock.now();
    let messages = history
        .into_iter()
        .map(|message| Message {
            id: message.id.moved_to(to),
            session_id: to,
            seq: case.counter.next(),
            ..message
        })
        .collect();
    let settlement = Settlement { id: case.item.id, outcome: Outcome::Ignored, error: None };
    let settle = InboxSettle {
        session: Some(case.place.row(case.counter.last(), at)),
        contact: None,
        messages,
        settlements: vec![settlement],
        outbox: Vec::new(),
        audit: Vec::new(),
        at,
    };
    patiently(shared, || inbox.settle(&case.lease, settle.clone())).await
}
