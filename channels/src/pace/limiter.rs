//! Waits for a conversation's, a group's and the whole bot's allowance.

use super::clock::RuntimeClock;
use dashmap::DashMap;
use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use std::fmt;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// After so many calls, conversations whose allowance is full again are forgotten.
pub(super) const SWEEP_EVERY: usize = 1_024;
/// So many conversations flooded at once mean that the bot as a whole is too fast.
const FLOODED_FOR_ALL: usize = 3;
/// Longest wait that is believed; a platform asks for minutes, a fault may ask for years.
const FLOOD_MAX: Duration = Duration::from_hours(24);

/// Parts of each map that are locked apart. One bot makes tens of calls a second, and there are many
/// bots: the library's default grows with the machine and would cost kilobytes for each.
const SHARDS: usize = 2;

/// So many calls in so much time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Allowance {
    /// Calls.
    pub(crate) count: NonZeroU32,
    /// In any stretch of this length.
    pub(crate) per: Duration,
    /// How many of them may come at once; `None`: a fifth, and the rest evenly, so that no stretch
    /// ever holds more than the count.
    pub(crate) burst: Option<NonZeroU32>,
}

impl Allowance {
    fn quota(self) -> Quota {
        let fifth = NonZeroU32::new(self.count.get() / 5).unwrap_or(NonZeroU32::MIN);
        let steady = match self.burst {
            Some(_) => self.count.get(),
            None => self.count.get().saturating_sub(fifth.get()).max(1),
        };
        let period = self.per / steady;
        Quota::with_period(period)
            .unwrap_or_else(|| Quota::per_second(self.count))
            .allow_burst(self.burst.unwrap_or(fifth))
    }
}

/// The limits of one bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PaceLimits {
    /// For each conversation.
    pub(crate) conversation: Allowance,
    /// For each conversation of many people, on top.
    pub(crate) group: Allowance,
    /// For everything.
    pub(crate) bot: Allowance,
}

type Keyed<K> = RateLimiter<K, DashMapStateStore<K>, RuntimeClock, NoOpMiddleware<Nanos>>;
type Direct = RateLimiter<
    governor::state::direct::NotKeyed,
    governor::state::InMemoryState,
    RuntimeClock,
    NoOpMiddleware<Nanos>,
>;

/// The pace of one bot. Shared by everything that sends for it.
pub(crate) struct Pace<K: Hash + Eq + Clone> {
    clock: RuntimeClock,
    conversations: Keyed<K>,
    groups: Keyed<K>,
    bot: Direct,
    floods: DashMap<Option<K>, Instant>,
    calls: AtomicUsize,
}

fn keyed<K: Hash + Eq + Clone>(allowance: Allowance, clock: &RuntimeClock) -> Keyed<K> {
    RateLimiter::new(allowance.quota(), DashMap::with_shard_amount(SHARDS), clock.clone())
}

impl<K: Hash + Eq + Clone> Pace<K> {
    /// A fresh pace.
    pub(crate) fn new(limits: PaceLimits) -> Self {
        let clock = RuntimeClock::starting_now();
        Self {
            conversations: keyed(limits.conversation, &clock),
            groups: keyed(limits.group, &clock),
            bot: RateLimiter::direct_with_clock(limits.bot.quota(), clock.clone()),
            floods: DashMap::with_shard_amount(SHARDS),
            calls: AtomicUsize::new(0),
            clock,
        }
    }

    /// Waits until one call to a conversation is allowed, and counts it.
    pub(crate) async fn ready(&self, key: &K, is_group: bool) {
        self.sweep_now_and_then();
        loop {
            self.wait_out_flood(key).await;
            self.wait(|| self.conversations.check_key(key)).await;
            if is_group {
                self.wait(|| self.groups.check_key(key)).await;
            }
            self.wait(|| self.bot.check()).await;
            if self.flooded_for(key).is_none() {
                return;
            }
        }
    }

    /// The platform refused a call as too much: nothing goes to the conversation for so long.
    pub(crate) fn flood(&self, key: &K, wait: Duration) {
        let now = Instant::now();
        let until = now + wait.min(FLOOD_MAX);
        self.extend(Some(key.clone()), until);
        let flooded = self
            .floods
            .iter()
            .filter(|entry| entry.key().is_some() && *entry.value() > now)
            .count();
        if flooded >= FLOODED_FOR_ALL {
            self.extend(None, until);
        }
    }

    /// How long a call to the conversation would be refused for, if at all.
    pub(crate) fn flooded_for(&self, key: &K) -> Option<Duration> {
        let now = Instant::now();
        let until = |key: &Option<K>| self.floods.get(key).map(|until| *until);
        let latest = until(&Some(key.clone())).max(until(&None))?;
        latest.checked_duration_since(now).filter(|left| !left.is_zero())
    }

    /// How many conversations are remembered.
    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.conversations.len() + self.groups.len() + self.floods.len()
    }

    fn extend(&self, key: Option<K>, until: Instant) {
        self.floods.entry(key).and_modify(|known| *known = (*known).max(until)).or_insert(until);
    }

    async fn wait_out_flood(&self, key: &K) {
        while let Some(left) = self.flooded_for(key) {
            tokio::time::sleep(left).await;
        }
    }

    async fn wait(&self, mut check: impl FnMut() -> Result<(), governor::NotUntil<Nanos>>) {
        while let Err(refused) = check() {
            tokio::time::sleep(refused.wait_time_from(self.clock.now())).await;
        }
    }

    fn sweep_now_and_then(&self) {
        let calls = self.calls.fetch_add(1, Ordering::Relaxed);
        if calls % SWEEP_EVERY == SWEEP_EVERY - 1 {
            self.conversations.retain_recent();
            self.groups.retain_recent();
            let now = Instant::now();
            self.floods.retain(|_, until| *until > now);
        }
    }
}

impl<K: Hash + Eq + Clone> fmt::Debug for Pace<K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Pace")
            .field("conversations", &self.conversations.len())
            .finish_non_exhaustive()
    }
}
