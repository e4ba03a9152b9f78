//! The fan-out over all sessions: publishes, hands out streams, forgets.

use super::LiveLimits;
use super::topic::{Joined, Topic, replaces_parts};
use dashmap::{DashMap, Entry};
use futures::StreamExt;
use rookery_domain::id::SessionId;
use rookery_domain::live::{LiveEvent, LiveStream};
use rookery_domain::ports::LiveEvents;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast};
use tokio::time::Instant;

/// Events between two looks at what can be forgotten.
const SWEEP_EVERY_EVENTS: usize = 1_024;
/// A sweep that finds too many sessions makes room for this part of the limit at once.
const SWEEP_ROOM_DIVISOR: usize = 8;

/// Live events of the sessions of this process.
#[derive(Debug)]
pub struct LiveFanOut {
    topics: DashMap<SessionId, Topic>,
    limits: LiveLimits,
    watchers: Arc<Semaphore>,
    published: AtomicUsize,
    /// The number of topics at which the next sweep is due.
    sweep_at: AtomicUsize,
}

impl LiveFanOut {
    /// An empty fan-out.
    pub fn new(limits: LiveLimits) -> Self {
        Self {
            topics: DashMap::new(),
            limits,
            watchers: Arc::new(Semaphore::new(limits.watchers_max.min(Semaphore::MAX_PERMITS))),
            published: AtomicUsize::new(0),
            sweep_at: AtomicUsize::new(limits.sessions_max),
        }
    }

    /// Forgets what nobody watches and nobody will ask for. Publishing does it now and then; where
    /// little is published, the caller's clock should.
    pub fn sweep(&self) {
        let now = Instant::now();
        self.topics.retain(|_, topic| !topic.is_stale(&self.limits, now));
        let mut unwatched: Vec<(Instant, SessionId)> = self
            .topics
            .iter()
            .filter(|topic| topic.watchers() == 0)
            .map(|topic| (topic.touched(), *topic.key()))
            .collect();
        let room = self.limits.sessions_max / SWEEP_ROOM_DIVISOR;
        let keep = self.limits.sessions_max - room;
        if unwatched.len() > keep {
            unwatched.sort_unstable();
            let excess = unwatched.len() - keep;
            for (_, session) in unwatched.into_iter().take(excess) {
                self.topics.remove_if(&session, |_, topic| topic.watchers() == 0);
            }
        }
        self.sweep_at.store(self.topics.len() + room, Ordering::Relaxed);
    }

    /// How many sessions are remembered or watched.
    pub fn sessions(&self) -> usize {
        self.topics.len()
    }

    fn with_topic<R>(&self, session: SessionId, work: impl FnOnce(&mut Topic, Instant) -> R) -> R {
        let now = Instant::now();
        let (result, new) = match self.topics.entry(session) {
            Entry::Occupied(mut topic) => (work(topic.get_mut(), now), false),
            Entry::Vacant(place) => {
                let mut topic = place.insert(Topic::new(now));
                (work(&mut topic, now), true)
            }
        };
        let count = self.published.fetch_add(1, Ordering::Relaxed);
        let crowded = new && self.topics.len() > self.sweep_at.load(Ordering::Relaxed);
        if crowded || count % SWEEP_EVERY_EVENTS == SWEEP_EVERY_EVENTS - 1 {
            self.sweep();
        }
        result
    }
}

impl LiveEvents for LiveFanOut {
    fn publish(&self, session: SessionId, event: LiveEvent) {
        self.with_topic(session, |topic, now| topic.publish(event, now));
    }

    fn subscribe(&self, session: SessionId, after: i64) -> LiveStream {
        let Ok(permit) = Arc::clone(&self.watchers).try_acquire_owned() else {
            metrics::counter!("rookery_live_watchers_refused_total").increment(1);
            return futures::stream::empty().boxed();
        };
        let joined = self.with_topic(session, |topic, now| topic.join(after, now));
        let watcher = Watcher::new(joined, after, permit);
        futures::stream::unfold(watcher, async |mut watcher| {
            let event = watcher.next().await?;
            Some((event, watcher))
        })
        .boxed()
    }
}

/// One open stream.
#[derive(Debug)]
struct Watcher {
    remembered: std::vec::IntoIter<LiveEvent>,
    receiver: broadcast::Receiver<LiveEvent>,
    after: i64,
    skips_parts: bool,
    _permit: OwnedSemaphorePermit,
}

impl Watcher {
    fn new(joined: Joined, after: i64, permit: OwnedSemaphorePermit) -> Self {
        Self {
            remembered: joined.remembered.into_iter(),
            receiver: joined.receiver,
            after,
            skips_parts: joined.skips_parts,
            _permit: permit,
        }
    }

    async fn next(&mut self) -> Option<LiveEvent> {
        loop {
            let event = match self.remembered.next() {
                Some(event) => event,
                None => self.receive().await?,
            };
            if replaces_parts(&event.body) {
                self.skips_parts = false;
            }
            if event.seq > self.after && !self.skips_parts {
                return Some(event);
            }
        }
    }

    async fn receive(&mut self) -> Option<LiveEvent> {
        match self.receiver.recv().await {
            Ok(event) => Some(event),
            Err(broadcast::error::RecvError::Lagged(_)) => {
                metrics::counter!("rookery_live_watchers_lagged_total").increment(1);
                None
            }
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}
