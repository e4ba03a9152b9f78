//! `getUpdates`: one consumer, confirmed by the offset of the next call.

use super::call::ApiError;
use super::methods::remember_allowed_updates;
use super::params::Params;
use super::server::Inner;
use super::state::Bot;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The longest wait for an update, in seconds.
const TIMEOUT_SECONDS_MAX: i64 = 50;

pub(super) async fn get_updates(
    inner: &Arc<Inner>,
    token: &str,
    params: &Params,
) -> Result<Value, ApiError> {
    let seconds = params.integer("timeout").unwrap_or(0).clamp(0, TIMEOUT_SECONDS_MAX);
    let wait = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    let deadline = Instant::now() + wait;
    let mut changes = inner.changes.subscribe();
    let mine = {
        let mut state = inner.state.lock().await;
        let bot = of(&mut state.bots, token)?;
        if bot.webhook.is_some() {
            return Err(ApiError::new(
                409,
                "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook \
                 to delete the webhook first",
            ));
        }
        remember_allowed_updates(bot, params)?;
        confirm(bot, params.integer("offset").unwrap_or(0));
        bot.poll += 1;
        bot.poll
    };
    // Another consumer that still waits learns of this one here.
    inner.changed();
    loop {
        {
            let mut state = inner.state.lock().await;
            let bot = of(&mut state.bots, token)?;
            if bot.poll != mine {
                return Err(ApiError::new(
                    409,
                    "Conflict: terminated by other getUpdates request; make sure that only one \
                     bot instance is running",
                ));
            }
            let updates = batch(bot, params.integer("limit").unwrap_or(100));
            if !updates.is_empty() || Instant::now() >= deadline {
                return Ok(Value::Array(updates));
            }
        }
        let woken = tokio::time::timeout_at(deadline, changes.changed()).await;
        if let Ok(Err(_closed)) = woken {
            return Ok(Value::Array(Vec::new()));
        }
    }
}

fn of<'a>(
    bots: &'a mut std::collections::HashMap<String, Bot>,
    token: &str,
) -> Result<&'a mut Bot, ApiError> {
    bots.get_mut(token).ok_or_else(|| ApiError::new(401, "Unauthorized"))
}

/// Forgets what the offset confirms; a negative one keeps only so many of the newest.
fn confirm(bot: &mut Bot, offset: i64) {
    if offset > 0 {
        bot.pending.retain(|pending| pending.update_id >= offset);
    } else if offset < 0 {
        let keep = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
        let surplus = bot.pending.len().saturating_sub(keep);
        bot.pending.drain(..surplus);
    }
}

fn batch(bot: &Bot, limit: i64) -> Vec<Value> {
    let limit = usize::try_from(limit.clamp(1, 100)).unwrap_or(100);
    bot.pending
        .iter()
        .take(limit)
        .filter_map(|pending| serde_json::from_str(&pending.body).ok())
        .collect()
}
