//! What the store says about a run.

use crate::state::AppState;
use rookery_domain::channel::ChannelKind;
use rookery_domain::connection::Connection;
use rookery_domain::id::{AgentId, InboxId, SessionId, TenantId};
use rookery_domain::inbox::{InboxRow, Outcome};
use rookery_domain::message::WebMessage;
use rookery_domain::outbox::OutboxRow;
use rookery_domain::ports::StoreError;

/// How many sequence numbers back from a session's end a command's reply is first looked for.
const REPLY_SEARCH_FIRST: i64 = 64;

/// And at most. A reply further back than this is reported as done without its text.
const REPLY_SEARCH_MAX: i64 = 4_096;

/// Running turns that are looked through for the one that a row was merged into.
const RUNNING_TURNS_MAX: u32 = 256;

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ending {
    pub(crate) outcome: Outcome,
    /// What was said, in order.
    pub(crate) replies: Vec<OutboxRow>,
}

/// The message behind a run, if it came in over our own API; runs of other channels are nobody's
/// business here.
pub(crate) fn web_message(row: &InboxRow) -> Option<WebMessage> {
    if row.inbound.channel != ChannelKind::web() {
        return None;
    }
    serde_json::from_slice(&row.inbound.raw).ok()
}

/// The session of a run that came in over our own API.
pub(crate) fn session_of(row: &InboxRow) -> Option<SessionId> {
    let message = web_message(row)?;
    let inbound = &row.inbound;
    Some(SessionId::derived(inbound.tenant_id, inbound.connection_id, &message.conversation_key))
}

/// The connection through which ingestion takes an agent's submissions: the oldest one in service.
pub(crate) fn connection_of(connections: Vec<Connection>, agent: AgentId) -> Option<Connection> {
    connections
        .into_iter()
        .filter(|connection| {
            connection.agent_id == agent
                && connection.enabled
                && connection.channel == ChannelKind::web()
        })
        .min_by_key(|connection| connection.id)
}

/// How a run ended, or `None` while it has not.
pub(super) async fn ending(
    state: &AppState,
    tenant: TenantId,
    run: InboxId,
) -> Result<Option<Ending>, StoreError> {
    let Some(row) = state.ports.inbox.find(tenant, run).await? else {
        // Purged since it was watched: it certainly ended.
        return Ok(Some(Ending { outcome: Outcome::Ignored, replies: Vec::new() }));
    };
    let Some(outcome) = row.outcome else { return Ok(None) };
    let replies = match row.turn_id {
        Some(turn) => {
            let replies = state.ports.outbox.of_turn(tenant, turn).await?;
            // A merged row ends when its turn begins, long before the reply.
            if replies.is_empty() {
                let running = state.ports.turns.unfinished(tenant, RUNNING_TURNS_MAX).await?;
                let full = u32::try_from(running.len()).is_ok_and(|n| n >= RUNNING_TURNS_MAX);
                if full || running.iter().any(|unfinished| unfinished.turn.id == turn) {
                    return Ok(None);
                }
            }
            replies
        }
        None if outcome == Outcome::Superseded => Vec::new(),
        None => replies_without_turn(state, tenant, &row).await?,
    };
    Ok(Some(Ending { outcome, replies }))
}

/// Replies to commands and notices belong to no turn. They are among the newest of the session
/// when somebody asks, so the search starts at its end and stops at the time of the question.
async fn replies_without_turn(
    state: &AppState,
    tenant: TenantId,
    row: &InboxRow,
) -> Result<Vec<OutboxRow>, StoreError> {
    let Some(id) = session_of(row) else { return Ok(Vec::new()) };
    let Some(session) = state.ports.turns.session(tenant, id).await? else {
        return Ok(Vec::new());
    };
    let mut window = REPLY_SEARCH_FIRST;
    loop {
        let from = session.last_seq.saturating_sub(window).max(0);
        let limit = u32::try_from(window).unwrap_or(u32::MAX);
        let rows = state.ports.outbox.of_session(tenant, id, from, limit).await?;
        let too_old =
            rows.first().is_some_and(|oldest| oldest.created_at < row.inbound.received_at);
        let found: Vec<_> =
            rows.into_iter().filter(|reply| reply.inbox_id == Some(row.inbound.id)).collect();
        if !found.is_empty() || too_old || from == 0 || window >= REPLY_SEARCH_MAX {
            return Ok(found);
        }
        window = window.saturating_mul(4).min(REPLY_SEARCH_MAX);
    }
}
