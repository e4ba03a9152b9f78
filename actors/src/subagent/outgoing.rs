//! From a reply to outbox rows, and from outbox rows to what a connected client sees.

use crate::overseer::SessionCounter;
use crate::overseer::place::SessionPlace;
use crate::shared::Shared;
use rookery_domain::Timestamp;
use rookery_domain::id::{InboxId, OutboxId, TurnId};
use rookery_domain::inbox::Outcome;
use rookery_domain::live::{LiveBody, LiveEvent};
use rookery_domain::message::{Reply, ReplyTarget};
use rookery_domain::outbox::{OutboxContent, OutboxRow, OutboxStatus};

/// A reply on its way out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outgoing<'a> {
    pub(crate) place: &'a SessionPlace,
    pub(crate) turn_id: Option<TurnId>,
    pub(crate) inbox_id: InboxId,
    pub(crate) target: &'a ReplyTarget,
    pub(crate) reply: &'a Reply,
    /// The platform's id of the message that showed it growing.
    pub(crate) finishes: Option<&'a str>,
    pub(crate) at: Timestamp,
}

/// One row per platform call. A pulled channel's only row is sent by being committed.
pub(crate) fn outbox_rows(
    shared: &Shared,
    counter: &SessionCounter,
    outgoing: Outgoing<'_>,
) -> Vec<OutboxRow> {
    let delivery = &outgoing.place.opened.halves.delivery;
    let pulled = delivery.capabilities().pulled;
    let parts =
        if pulled { vec![serde_json::Value::Null] } else { delivery.render(outgoing.reply) };
    let mut finishes = outgoing.finishes.map(ToOwned::to_owned);
    parts
        .into_iter()
        .map(|part| OutboxRow {
            tenant_id: outgoing.place.tenant_id,
            id: OutboxId::generate(shared.services.ids.as_ref()),
            session_id: outgoing.place.id,
            connection_id: outgoing.place.opened.connection.id,
            turn_id: outgoing.turn_id,
            inbox_id: Some(outgoing.inbox_id),
            seq: counter.next(),
            target: outgoing.target.clone(),
            content: OutboxContent {
                reply: outgoing.reply.clone(),
                part,
                finishes: finishes.take(),
            },
            status: if pulled { OutboxStatus::Sent } else { OutboxStatus::Pending },
            attempts: 0,
            next_attempt_at: outgoing.at,
            was_ambiguous: false,
            platform_message_id: None,
            error: None,
            created_at: outgoing.at,
            sent_at: pulled.then_some(outgoing.at),
        })
        .collect()
}

/// The end of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End<'a> {
    pub(crate) runs: &'a [InboxId],
    pub(crate) outcome: Outcome,
    /// Tokens read and written.
    pub(crate) usage: (u64, u64),
}

/// Shows committed rows of a pulled channel, and the end of their runs, to whoever watches.
pub(crate) fn show_end(
    shared: &Shared,
    place: &SessionPlace,
    counter: &SessionCounter,
    rows: &[OutboxRow],
    end: &End<'_>,
) {
    if !place.opened.halves.delivery.capabilities().pulled {
        return;
    }
    let live = &shared.services.live;
    for row in rows {
        let text = row.content.reply.text.clone();
        let body = match &row.content.reply.notice {
            Some(code) => LiveBody::Error { code: code.clone(), text },
            None => LiveBody::Message { text },
        };
        let seq = counter.became_durable(row.seq);
        live.publish(place.id, LiveEvent { seq, runs: end.runs.to_vec(), body });
    }
    let body = LiveBody::Done {
        outcome: end.outcome.as_str().to_owned(),
        input_tokens: end.usage.0,
        output_tokens: end.usage.1,
    };
    let seq = counter.next_live();
    live.publish(place.id, LiveEvent { seq, runs: end.runs.to_vec(), body });
}
