//! A bounded map whose entries end after a time. Full: the oldest go first.
//!
//! Of many who miss the same key, one reads and the others wait for it. An entry that nears its end
//! is read again by the first who sees it, while the others still take it as it is, so that nobody
//! waits for what everybody asks for.

use dashmap::DashMap;
use std::hash::{BuildHasher, Hash};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// A full cache makes room for this part of its capacity at once.
const ROOM_DIVISOR: usize = 8;
/// Readings that run at once, at most.
const READINGS_MAX: usize = 64;
/// An entry is read again after this part of its lifetime, in fifths.
const AGING_FIFTHS: u32 = 4;

/// Values by key, each with the time at which its reading began.
#[derive(Debug)]
pub(super) struct Cache<K: Eq + Hash, V> {
    entries: DashMap<K, (Instant, V)>,
    capacity: usize,
    lifetime: Duration,
    generation: AtomicU64,
    /// Held while a key is read; keys share them by hash, which only means waiting for each other.
    turns: Vec<Mutex<()>>,
    last_turn: Mutex<()>,
}

/// A reading that began: what it finds counts as old from here, and is not kept at all if the
/// cache was told of a change meanwhile.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    since: Instant,
    generation: u64,
}

impl<K: Eq + Hash + Clone, V: Clone> Cache<K, V> {
    pub(super) fn new(capacity: usize, lifetime: Duration) -> Self {
        Self {
            entries: DashMap::new(),
            capacity: capacity.max(1),
            lifetime,
            generation: AtomicU64::new(0),
            turns: std::iter::repeat_with(Mutex::default).take(READINGS_MAX - 1).collect(),
            last_turn: Mutex::default(),
        }
    }

    /// What is remembered.
    pub(super) fn get(&self, key: &K) -> Option<V> {
        self.get_with_age(key).map(|(_, value)| value)
    }

    /// What is remembered, or else what `read` finds. Something not found is not remembered.
    pub(super) async fn get_or_read<E>(
        &self,
        key: &K,
        read: impl AsyncFnOnce() -> Result<Option<V>, E>,
    ) -> Result<Option<V>, E> {
        let turn = self.turn(key);
        let aging = self.lifetime / 5 * AGING_FIFTHS;
        let (_mine, old) = match self.get_with_age(key) {
            Some((age, value)) if age < aging => return Ok(Some(value)),
            Some((_, value)) => match turn.try_lock() {
                Ok(mine) => (mine, Some(value)),
                Err(_another_reads) => return Ok(Some(value)),
            },
            None => {
                let mine = turn.lock().await;
                if let Some(value) = self.get(key) {
                    return Ok(Some(value));
                }
                (mine, None)
            }
        };
        let reading = self.begin();
        match read().await {
            Ok(Some(value)) => {
                self.put(reading, key.clone(), value.clone());
                Ok(Some(value))
            }
            Ok(None) => {
                self.entries.remove(key);
                Ok(None)
            }
            // What is remembered has not reached its end: it is as good as a moment ago.
            Err(error) => old.map_or(Err(error), |value| Ok(Some(value))),
        }
    }

    /// To be called before the database is asked.
    pub(super) fn begin(&self) -> Reading {
        Reading { since: Instant::now(), generation: self.generation.load(Ordering::Acquire) }
    }

    pub(super) fn put(&self, reading: Reading, key: K, value: V) {
        if self.entries.len() >= self.capacity && !self.entries.contains_key(&key) {
            self.make_room();
        }
        let kept = key.clone();
        self.entries.insert(key, (reading.since, value));
        // Checked after the insert: a change told of before it is seen here, one told of after it
        // finds the entry.
        if self.generation.load(Ordering::Acquire) != reading.generation {
            self.entries.remove(&kept);
        }
    }

    /// Forgets entries because what they were read from has changed.
    pub(super) fn forget(&self, stale: impl Fn(&K, &V) -> bool) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        self.entries.retain(|key, (_, value)| !stale(key, value));
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    fn turn(&self, key: &K) -> &Mutex<()> {
        let [low, ..] = self.entries.hasher().hash_one(key).to_le_bytes();
        self.turns.get(usize::from(low) % READINGS_MAX).unwrap_or(&self.last_turn)
    }

    fn get_with_age(&self, key: &K) -> Option<(Duration, V)> {
        let entry = self.entries.get(key)?;
        let (since, value) = entry.value();
        let age = since.elapsed();
        (age < self.lifetime).then(|| (age, value.clone()))
    }

    fn make_room(&self) {
        self.entries.retain(|_, (since, _)| since.elapsed() < self.lifetime);
        let keep = self.capacity - (self.capacity / ROOM_DIVISOR).max(1);
        let mut ages: Vec<(Instant, K)> =
            self.entries.iter().map(|entry| (entry.value().0, entry.key().clone())).collect();
        if ages.len() > keep {
            let excess = ages.len() - keep;
            ages.sort_unstable_by_key(|(since, _)| *since);
            for (_, key) in ages.into_iter().take(excess) {
                self.entries.remove(&key);
            }
        }
    }
}
