//! The section as a whole.

use super::super::keys::Keys;
use super::{ListenerLimits, StorageLimits, WebLimits, actors};
use rookery_actors::ActorSettings;
use rookery_domain::tenant::DailyLimits;

/// Every limit and duration.
#[derive(Debug, Clone)]
pub struct LimitsConfig {
    /// Of the supervision tree. What an ambiguous send leads to stands in `[agents]`.
    pub actors: ActorSettings,
    /// Of the HTTP surface.
    pub web: WebLimits,
    /// Of the stores.
    pub storage: StorageLimits,
    /// Of the process's own listeners.
    pub listeners: ListenerLimits,
    /// What a tenant may use in a day when neither it nor its plan says otherwise.
    pub daily: DailyLimits,
}

impl LimitsConfig {
    pub(in crate::config) fn read(keys: &mut Keys<'_>) -> Self {
        Self {
            actors: actors::read(keys),
            web: WebLimits::read(keys),
            storage: StorageLimits::read(keys),
            listeners: ListenerLimits::read(keys),
            daily: DailyLimits {
                messages: unless_zero(keys.read("limits.messages_per_day")),
                tokens: unless_zero(keys.read("limits.tokens_per_day")),
            },
        }
    }
}

/// A limit of which zero would stop everything.
pub(super) fn at_least_one(keys: &mut Keys<'_>, path: &str, number: usize) {
    if number == 0 {
        keys.faults.push(path, "must be at least 1");
    }
}

/// Zero stands for "no limit" where a limit is optional.
fn unless_zero(number: u64) -> Option<u64> {
    (number > 0).then_some(number)
}
