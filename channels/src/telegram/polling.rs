//! Fetching updates where no hook can be reached.

use super::api::BotApi;
use super::bot::BotState;
use super::ingress::{envelope, update_id};
use super::lifecycle::ALLOWED_UPDATES;
use async_trait::async_trait;
use bytes::Bytes;
use rookery_domain::ports::{DeliveryError, Envelope, Polling};
use serde_json::value::RawValue;
use std::sync::Arc;
use std::time::Duration;
use teloxide_core::payloads::GetUpdates;

/// Updates of one fetch; the platform's own maximum.
const BATCH_MAX: u8 = 100;
/// How much longer than the platform's wait the whole call may take.
const MARGIN: Duration = Duration::from_secs(10);

/// Long polling of one bot. The platform allows one consumer per token.
#[derive(Debug)]
pub(super) struct TelegramPolling {
    api: Arc<BotApi>,
    bot: Arc<BotState>,
    wait: Duration,
}

impl TelegramPolling {
    pub(super) const fn new(api: Arc<BotApi>, bot: Arc<BotState>, wait: Duration) -> Self {
        Self { api, bot, wait }
    }
}

#[async_trait]
impl Polling for TelegramPolling {
    async fn poll(
        &self,
        cursor: Option<i64>,
    ) -> Result<(Vec<Envelope>, Option<i64>), DeliveryError> {
        if tokio::time::timeout(self.wait, self.bot.named()).await.is_err() {
            return Ok((Vec::new(), cursor));
        }
        let mut fetch = GetUpdates::new();
        fetch.offset = cursor.map(i32::try_from).transpose().map_err(|error| {
            DeliveryError::Refused(format!("not a cursor of this channel: {error}"))
        })?;
        fetch.limit = Some(BATCH_MAX);
        fetch.timeout = Some(u32::try_from(self.wait.as_secs()).unwrap_or(u32::MAX));
        fetch.allowed_updates = Some(ALLOWED_UPDATES.to_vec());
        let result = self
            .api
            .call(&fetch, self.wait.saturating_add(MARGIN))
            .await
            .map_err(|failure| failure.into_delivery_error(None))?;
        // Nothing is confirmed by a failure here: the same updates come again.
        let updates: Vec<&RawValue> = serde_json::from_str(result.get())
            .map_err(|error| DeliveryError::Unknown(format!("not a list of updates: {error}")))?;
        let envelopes: Vec<Envelope> = updates
            .into_iter()
            .map(|update| envelope(Bytes::copy_from_slice(update.get().as_bytes())))
            .collect();
        let newest = envelopes.iter().filter_map(|envelope| update_id(&envelope.raw)).max();
        let next = newest.map(|id| id.saturating_add(1)).max(cursor);
        Ok((envelopes, next))
    }
}
