//! Delivery to webhooks: a queue per chat, one update in flight per queue, repeated until taken.

use super::call::Delivery;
use super::server::Inner;
use super::state::{Pending, State, Webhook};
use crate::fake::fault::Fault;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The longest back-off, in the vendor's seconds.
const BACKOFF_SECONDS_MAX: u32 = 60;
/// The longest `Retry-After` that is honoured, in the vendor's seconds.
const RETRY_AFTER_SECONDS_MAX: u64 = 3600;
const SECRET_HEADER: &str = "x-telegram-bot-api-secret-token";

/// Starts a task for every queue that has updates and no task yet.
pub(super) async fn deliver_pending(inner: &Arc<Inner>, token: &str) {
    let mut state = inner.state.lock().await;
    let Some(bot) = state.bots.get_mut(token) else {
        return;
    };
    if bot.webhook.is_none() {
        return;
    }
    let queues: Vec<String> = bot
        .pending
        .iter()
        .map(|pending| pending.queue.clone())
        .filter(|queue| bot.delivering.insert(queue.clone()))
        .collect();
    drop(state);
    for queue in queues {
        tokio::spawn(deliver_queue(Arc::clone(inner), token.to_owned(), queue));
    }
}

async fn deliver_queue(inner: Arc<Inner>, token: String, queue: String) {
    let mut failures = 0_u32;
    while let Some((webhook, pending)) = next(&inner, &token, &queue).await {
        let outcome = post(&inner, &token, &webhook, &pending).await;
        if outcome.acknowledged() {
            failures = 0;
            for again in settle(&inner, &token, pending).await {
                post(&inner, &token, &webhook, &again).await;
            }
            continue;
        }
        let pause = backoff(failures, outcome.retry_after, inner.timing.second);
        failures = failures.saturating_add(1);
        tokio::time::sleep(pause).await;
    }
}

/// The next update of a queue; without one the queue's task ends.
async fn next(inner: &Inner, token: &str, queue: &str) -> Option<(Webhook, Pending)> {
    let mut state = inner.state.lock().await;
    let reorder =
        !state.faults.strike_where("webhook", |fault| fault == Fault::ReorderUpdates).is_empty();
    let bot = state.bots.get_mut(token)?;
    let mut waiting = bot.pending.iter().filter(|pending| pending.queue == queue);
    let first = waiting.next().cloned();
    let second = waiting.next().cloned();
    let pending = if reorder { second.or(first) } else { first };
    let found = bot.webhook.clone().zip(pending);
    if found.is_none() {
        bot.delivering.remove(queue);
    }
    found
}

async fn post(inner: &Inner, token: &str, webhook: &Webhook, pending: &Pending) -> Delivery {
    let began = Instant::now();
    let mut request = inner
        .client
        .post(&webhook.url)
        .header("content-type", "application/json")
        .body(pending.body.clone());
    if let Some(secret) = &webhook.secret {
        request = request.header(SECRET_HEADER, secret);
    }
    let (status, retry_after, body_bytes, error) = match request.send().await {
        Ok(response) => {
            let status = response.status().as_u16();
            let retry_after = response
                .headers()
                .get("retry-after")
                .and_then(|value| value.to_str().ok())
                .and_then(|text| text.trim().parse().ok());
            let body_bytes = response.bytes().await.map_or(0, |body| body.len());
            (
                Some(status),
                retry_after,
                body_bytes,
                format!("Wrong response from the webhook: {status}"),
            )
        }
        Err(_unreachable) => (None, None, 0, "Connection refused".to_owned()),
    };
    let mut state = inner.state.lock().await;
    let order = state.take_order();
    let bot = state.bots.get_mut(token);
    let username = bot.as_ref().map_or_else(String::new, |bot| bot.username.clone());
    let delivery = Delivery {
        order,
        at: inner.since_start(),
        took: began.elapsed(),
        bot: username,
        update_id: pending.update_id,
        status,
        retry_after,
        body_bytes,
    };
    if let (Some(bot), false) = (bot, delivery.acknowledged()) {
        bot.last_webhook_error = Some(error);
    }
    state.deliveries.push(delivery.clone());
    drop(state);
    inner.changed();
    delivery
}

/// Forgets an acknowledged update; returns those that a fault wants delivered once more.
async fn settle(inner: &Inner, token: &str, acknowledged: Pending) -> Vec<Pending> {
    let mut state = inner.state.lock().await;
    let State { bots, faults, .. } = &mut *state;
    let mut again = Vec::new();
    let mut strikes = |wanted| !faults.strike_where("webhook", |fault| fault == wanted).is_empty();
    if let Some(bot) = bots.get_mut(token) {
        bot.take_update(acknowledged.update_id);
        if strikes(Fault::RepeatOlderUpdate) {
            again.extend(bot.taken.front().cloned());
            // Each of them in turn.
            bot.taken.rotate_left(1.min(bot.taken.len()));
        }
    }
    if strikes(Fault::DuplicateUpdate) {
        again.push(acknowledged);
    }
    drop(state);
    inner.changed();
    again
}

/// The first repeat comes at once, the next after 2, 4, 8 … seconds; `Retry-After` goes first.
fn backoff(failures: u32, retry_after: Option<u64>, second: Duration) -> Duration {
    match retry_after {
        Some(seconds) => {
            let seconds = u32::try_from(seconds.min(RETRY_AFTER_SECONDS_MAX)).unwrap_or(u32::MAX);
            second.saturating_mul(seconds)
        }
        None if failures == 0 => Duration::ZERO,
        None => {
            let seconds = 2_u32.saturating_pow(failures).min(BACKOFF_SECONDS_MAX);
            second.saturating_mul(seconds)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::backoff;
    use std::time::Duration;

    #[test]
    fn repeats_come_at_once_and_then_ever_later_up_to_a_limit() {
        let second = Duration::from_secs(1);
        assert_eq!(backoff(0, None, second), Duration::ZERO);
        assert_eq!(backoff(1, None, second), Duration::from_secs(2));
        assert_eq!(backoff(3, None, second), Duration::from_secs(8));
        assert_eq!(backoff(30, None, second), Duration::from_mins(1));
        assert_eq!(backoff(0, Some(7), second), Duration::from_secs(7));
        assert_eq!(backoff(0, Some(9_999), second), Duration::from_hours(1));
    }
}
