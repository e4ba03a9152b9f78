//! Replies are fetched: there is nothing to render and nothing to send.

use async_trait::async_trait;
use rookery_domain::channel::Capabilities;
use rookery_domain::id::OutboxId;
use rookery_domain::message::{Reply, ReplyTarget};
use rookery_domain::ports::{Delivery, DeliveryError};
use serde_json::Value;

/// The outbound half.
#[derive(Debug, Clone, Copy)]
pub(super) struct WebDelivery;

#[async_trait]
impl Delivery for WebDelivery {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            idempotent_send: true,
            pulled: true,
            typing_every: None,
            edit_every: None,
            honours_retry_after: true,
        }
    }

    fn render(&self, _reply: &Reply) -> Vec<Value> {
        vec![Value::Null]
    }

    fn render_preview(&self, _text: &str) -> Value {
        Value::Null
    }

    async fn ready(&self, _target: &ReplyTarget) {}

    async fn send(
        &self,
        _target: &ReplyTarget,
        _part: &Value,
        _key: OutboxId,
    ) -> Result<Option<String>, DeliveryError> {
        Ok(None)
    }
}
