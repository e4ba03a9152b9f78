//! From a request to rows: the secret, the key, nothing else.

use super::bot::BotState;
use super::normalise::normalise;
use crate::digest::{sha256, unreadable_key};
use bytes::Bytes;
use rookery_domain::Secret;
use rookery_domain::message::Inbound;
use rookery_domain::ports::{Envelope, Ingress, IngressError, RawRequest};
use serde::Deserialize;
use std::fmt;
use std::sync::Arc;
use subtle::ConstantTimeEq;

const SECRET_HEADER: &str = "x-telegram-bot-api-secret-token";

/// The inbound half of one connection.
pub(super) struct TelegramIngress {
    /// The digest of the hook's secret; absent where nothing may post.
    secret: Option<[u8; 32]>,
    bot: Arc<BotState>,
}

impl TelegramIngress {
    pub(super) fn new(secret: Option<&Secret>, bot: Arc<BotState>) -> Self {
        Self { secret: secret.map(|secret| sha256(secret.expose().as_bytes())), bot }
    }

    fn is_authentic(&self, request: &RawRequest) -> bool {
        let (Some(secret), Some(given)) = (&self.secret, request.header(SECRET_HEADER)) else {
            return false;
        };
        // Digests have one length, so that the comparison tells nothing about the secret's.
        bool::from(secret.ct_eq(&sha256(given)))
    }
}

impl Ingress for TelegramIngress {
    fn accept(&self, request: &RawRequest) -> Result<Vec<Envelope>, IngressError> {
        if self.is_authentic(request) {
            Ok(vec![envelope(request.body.clone())])
        } else {
            Err(IngressError::Unauthorized)
        }
    }

    fn normalise(&self, raw: &[u8]) -> Result<Inbound, IngressError> {
        normalise(raw, &self.bot.identity())
    }
}

impl fmt::Debug for TelegramIngress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TelegramIngress").finish_non_exhaustive()
    }
}

/// One update as a row. Update ids are unique per bot; what has none is named by its digest.
pub(super) fn envelope(raw: Bytes) -> Envelope {
    let dedupe_key = match update_id(&raw) {
        Some(id) => format!("u:{id}"),
        None => unreadable_key(&raw),
    };
    Envelope { dedupe_key, raw }
}

/// The id alone. The reader skips all else without recursion.
pub(super) fn update_id(raw: &[u8]) -> Option<i64> {
    #[derive(Deserialize)]
    struct Numbered {
        update_id: i64,
    }
    let numbered: Numbered = serde_json::from_slice(raw).ok()?;
    Some(numbered.update_id)
}
