//! `[redis]`: shared wake-ups and rate windows. Accepted; refused at start while it does nothing.

use super::keys::Keys;
use rookery_domain::Secret;

/// The shared cache.
#[derive(Debug, Clone)]
pub struct RedisConfig {
    /// Empty: in-process.
    pub url: Secret,
}

impl RedisConfig {
    pub(super) fn read(keys: &mut Keys<'_>) -> Self {
        Self { url: keys.secret("redis.url") }
    }
}
