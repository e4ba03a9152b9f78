//! After a turn's panic: count it against its rows, then let the turn go on or end it as a dead
//! letter with a notice to the person. Runs beside the mailbox.

use super::handle::OverseerHandle;
use super::message::{Settled, TurnRetry};
use super::place::SessionPlace;
use super::session::SessionCounter;
use super::settle::merged_edits;
use super::state::Item;
use super::turns::{ids_of, rows_of};
use crate::patience::patiently;
use crate::shared::{Shared, jittered_backoff};
use crate::subagent::outgoing::{End, Outgoing, outbox_rows, show_end};
use crate::subagent::{Bill, Tally};
use rookery_domain::audit::AuditEntry;
use rookery_domain::id::{AuditId, TurnId};
use rookery_domain::inbox::{Outcome, Settlement};
use rookery_domain::message::Reply;
use rookery_domain::notice::Notice;
use rookery_domain::outbox::{OutboxRow, OutboxStatus};
use rookery_domain::ownership::Lease;
use rookery_domain::ports::StoreError;
use rookery_domain::turn::{InboxSettle, TurnCommit, TurnState, UnfinishedTurn};
use std::sync::Arc;

/// Turns looked through for the one that crashed.
const UNFINISHED_MAX: u32 = 1_000;

/// A crashed turn.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) lease: Lease,
    pub(super) place: SessionPlace,
    pub(super) counter: Arc<SessionCounter>,
    pub(super) turn_id: TurnId,
    pub(super) items: Vec<Item>,
}

/// Deals with a crashed turn and tells the overseer what follows.
pub(super) fn handle(shared: &Shared, overseer: &OverseerHandle, case: Case) {
    let (shared_task, overseer) = (shared.clone(), overseer.clone());
    shared.tasks.spawn(async move {
        let session = case.place.id;
        match judge(&shared_task, &case).await {
            Ok(Verdict::Retry(unfinished)) => {
                let retry = TurnRetry { session, items: case.items, unfinished: *unfinished };
                overseer.turn_retry(retry);
            }
            Ok(Verdict::Dead(outbox)) => {
                overseer.settled(Settled {
                    ids: rows_of(&case.items),
                    waiting: Some(case.place.id),
                    outbox,
                });
            }
            Err(StoreError::Fenced(_)) => overseer.fenced(),
            Err(error) => overseer.store_lost(error.to_string()),
        }
    });
}

/// Ends a recorded turn as a dead letter without another try.
pub(super) fn bury_now(
    shared: &Shared,
    overseer: &OverseerHandle,
    case: Case,
    unfinished: UnfinishedTurn,
) {
    let (shared_task, overseer) = (shared.clone(), overseer.clone());
    shared.tasks.spawn(async move {
        match bury(&shared_task, &case, Some(&unfinished)).await {
            Ok(outbox) => overseer.settled(Settled {
                ids: rows_of(&case.items),
                waiting: Some(case.place.id),
                outbox,
            }),
            Err(StoreError::Fenced(_)) => overseer.fenced(),
            Err(error) => overseer.store_lost(error.to_string()),
        }
    });
}

enum Verdict {
    Retry(Box<Option<UnfinishedTurn>>),
    Dead(Vec<OutboxRow>),
}

async fn judge(shared: &Shared, case: &Case) -> Result<Verdict, StoreError> {
    let services = &shared.services;
    let mut crashes = 0;
    for item in &case.items {
        let inbox = services.inbox.as_ref();
        let count = patiently(shared, || inbox.count_attempt(&case.lease, item.id)).await?;
        crashes = crashes.max(count);
    }
    if crashes < shared.settings.crashes_max {
        let settings = &shared.settings;
        let wait = jittered_backoff(
            services.ids.as_ref(),
            crashes,
            settings.store_backoff,
            settings.store_backoff_max,
        );
        tokio::time::sleep(wait).await;
        return recorded(shared, case).await.map(|unfinished| Verdict::Retry(Box::new(unfinished)));
    }
    let unfinished = recorded(shared, case).await?;
    bury(shared, case, unfinished.as_ref()).await.map(Verdict::Dead)
}

async fn recorded(shared: &Shared, case: &Case) -> Result<Option<UnfinishedTurn>, StoreError> {
    let turns = shared.services.turns.as_ref();
    let tenant = case.lease.tenant_id;
    let unfinished = patiently(shared, || turns.unfinished(tenant, UNFINISHED_MAX)).await?;
    Ok(unfinished.into_iter().find(|unfinished| unfinished.turn.id == case.turn_id))
}

/// Ends the rows as dead letters, with a notice, and records what the turn's model calls cost.
/// `unfinished`: the turn as it is recorded, if it is.
async fn bury(
    shared: &Shared,
    case: &Case,
    unfinished: Option<&UnfinishedTurn>,
) -> Result<Vec<OutboxRow>, StoreError> {
    let services = &shared.services;
    let turns = services.turns.as_ref();
    let (lease, at) = (case.lease, services.clock.now());
    patiently(shared, || case.counter.load(turns, lease.tenant_id, case.place.id)).await?;
    let _writing = case.counter.writer().await;
    let notice = Notice::Unprocessable;
    let outbox = last_words(shared, case, unfinished, &notice);
    let settlements = dead_settlements(case);
    let audit = vec![audit_entry(shared, case)];
    metrics::counter!("rookery_dead_letters_total").increment(1);
    if let Some(UnfinishedTurn { turn, steps, .. }) = unfinished {
        let bill = Bill { agent: turn.agent_id, session: case.place.id, turn: turn.id, at };
        let commit = TurnCommit {
            turn_id: case.turn_id,
            session_id: case.place.id,
            state: TurnState::Failed,
            error_code: Some(notice.code().to_owned()),
            message: None,
            outbox: outbox.clone(),
            usage: bill.calls(shared, &Tally::of(steps)),
            settlements,
            last_seq: case.counter.last(),
            audit,
            at,
        };
        patiently(shared, || turns.commit(&lease, commit.clone())).await?;
    } else {
        let settle = InboxSettle {
            session: Some(case.place.row(case.counter.last(), at)),
            contact: None,
            messages: Vec::new(),
            settlements,
            outbox: outbox.clone(),
            audit,
            at,
        };
        let inbox = services.inbox.as_ref();
        patiently(shared, || inbox.settle(&lease, settle.clone())).await?;
    }
    let runs = ids_of(&case.items);
    let end = End { runs: &runs, outcome: Outcome::Dead, usage: (0, 0) };
    show_end(shared, &case.place, &case.counter, &outbox, &end);
    Ok(outbox.into_iter().filter(|row| row.status == OutboxStatus::Pending).collect())
}

fn dead_settlements(case: &Case) -> Vec<Settlement> {
    let error = Some("its turn crashed again and again".to_owned());
    let dead = |id| Settlement { id, outcome: Outcome::Dead, error: error.clone() };
    let rows = case.items.iter().map(|item| dead(item.id));
    rows.chain(merged_edits(case.items.iter())).collect()
}

fn audit_entry(shared: &Shared, case: &Case) -> AuditEntry {
    AuditEntry {
        id: AuditId::generate(shared.services.ids.as_ref()),
        actor: "runtime".to_owned(),
        action: "turn.dead_lettered".to_owned(),
        subject: case.turn_id.to_string(),
        details: serde_json::json!({ "rows": case.items.len() }),
        at: shared.services.clock.now(),
    }
}

/// The notice to the person, where there is one to tell.
fn last_words(
    shared: &Shared,
    case: &Case,
    unfinished: Option<&UnfinishedTurn>,
    notice: &Notice,
) -> Vec<OutboxRow> {
    let turn_id = unfinished.map(|unfinished| unfinished.turn.id);
    let Some(newest) = case.items.last() else {
        return Vec::new();
    };
    let target = unfinished
        .map_or_else(|| &newest.inbound.reply_target, |unfinished| &unfinished.turn.reply_target);
    let reply = Reply { text: notice.text(), notice: Some(notice.code().to_owned()) };
    let outgoing = Outgoing {
        place: &case.place,
        turn_id,
        inbox_id: newest.id,
        target,
        reply: &reply,
        finishes: None,
        at: shared.services.clock.now(),
    };
    outbox_rows(shared, &case.counter, outgoing)
}
