//! What is read from the fakes, the API and the ledger when everything is over.

use super::marker;
use super::talk::{Run, Talk};
use crate::fake::telegram::Delivery;
use crate::history::{Event, History};
use crate::system::System;
use serde_json::Value;
use std::time::Duration;

/// How often two clocks are compared.
const CLOCK_SAMPLES: u32 = 16;

/// Everything that was acknowledged and delivered on the fake platform.
pub(super) async fn of_platform(
    system: &System,
    talk: &Talk,
    history: &History,
) -> anyhow::Result<()> {
    for delivery in system.bot.deliveries().await.iter().filter(|found| found.acknowledged()) {
        if let Some(marker) = talk.updates.get(&delivery.update_id) {
            history.record(Event::Acknowledged { marker: marker.clone() }).await?;
        }
    }
    let before_history = head_start(system, history);
    for message in system.bot.sent().await {
        let seen = message.at.saturating_sub(before_history);
        let conversation = talk
            .conversation_of(message.chat_id)
            .map_or_else(|| message.chat_id.to_string(), str::to_owned);
        let marker = marker::find(&message.text).map(str::to_owned);
        let event = if marker.is_none() && marker::is_fragment(&message.text) {
            Event::Fragment { conversation }
        } else {
            Event::Delivered {
                conversation,
                marker,
                order: message.order,
                seen_ms: u64::try_from(seen.as_millis()).unwrap_or(u64::MAX),
            }
        };
        history.record(event).await?;
    }
    Ok(())
}

/// How much longer the fake platform runs than the history. A pause of this thread between the two
/// clocks makes a sample too long, never too short, so the shortest of a few is taken: a copy that
/// was sent right before a kill must not seem to come after it.
fn head_start(system: &System, history: &History) -> Duration {
    let sample = || {
        let history = history.elapsed();
        system.telegram.elapsed().saturating_sub(history)
    };
    (0..CLOCK_SAMPLES).map(|_| sample()).min().unwrap_or_default()
}

/// Every message event of every run.
pub(super) async fn of_runs(
    system: &System,
    runs: &[Run],
    history: &History,
) -> anyhow::Result<()> {
    let api = system.api()?;
    for run in runs {
        for event in api.events(&run.run_id, None).await? {
            if !matches!(event.kind.as_str(), "message" | "error") {
                continue;
            }
            let text = event.data.get("text").and_then(Value::as_str).unwrap_or_default();
            history
                .record(Event::Delivered {
                    conversation: run.conversation.clone(),
                    marker: marker::find(text).map(str::to_owned),
                    order: event.id.parse().unwrap_or(0),
                    seen_ms: 0,
                })
                .await?;
        }
    }
    Ok(())
}

/// What the ledger declares, and what it must not show at the end.
pub(super) async fn of_ledger(system: &System, history: &History) -> anyhow::Result<Vec<String>> {
    let declared = "select content from outbox where was_ambiguous or status = 'ambiguous'";
    for line in system.sql(declared).await?.lines() {
        if let Some(marker) = marker::find(line) {
            history.record(Event::DeclaredAmbiguous { marker: marker.to_owned() }).await?;
        }
    }
    let mut faults = Vec::new();
    for (what, count) in [
        ("inbound rows without an outcome", "select count(*) from inbox where outcome is null"),
        ("dead inbound rows", "select count(*) from inbox where outcome = 'dead'"),
        ("turns that still run", "select count(*) from turns where state = 'running'"),
        (
            "outbound rows that are not settled",
            "select count(*) from outbox where status in ('pending', 'sending', 'dead')",
        ),
        (
            "messages that are not charged exactly once",
            "select count(*) from (select i.id from inbox i left join usage_events u \
             on u.turn_id = i.turn_id and u.tenant_id = i.tenant_id and u.kind = 'message' \
             where i.outcome = 'answered' group by i.id having count(u.id) <> 1) t",
        ),
        (
            "facts that are not folded exactly once",
            "select abs((select coalesce(sum(quantity), 0) from usage_events) \
             - (select coalesce(sum(quantity), 0) from usage_minutes))",
        ),
    ] {
        let found = system.sql(count).await?;
        if found != "0" {
            faults.push(format!("{found} {what}"));
        }
    }
    Ok(faults)
}

/// Messages of the platform that have at least one whole answer.
pub(super) async fn answered_on_platform(system: &System) -> usize {
    let sent = system.bot.sent().await;
    let markers: std::collections::BTreeSet<_> =
        sent.iter().filter_map(|message| marker::find(&message.text)).collect();
    markers.len()
}

/// The longest time from a delivery of an update to our acknowledgement, in milliseconds.
pub(super) fn slowest_acknowledgement(deliveries: &[Delivery]) -> u64 {
    deliveries
        .iter()
        .filter(|delivery| delivery.acknowledged())
        .map(|delivery| u64::try_from(delivery.took.as_millis()).unwrap_or(u64::MAX))
        .max()
        .unwrap_or(0)
}
