//! One session's place in the fan-out: what is remembered of its running answer, and its watchers.

use super::LiveLimits;
use rookery_domain::live::{LiveBody, LiveEvent};
use std::collections::VecDeque;
use tokio::sync::broadcast;
use tokio::time::Instant;

/// Most events remembered per session. Beyond it the oldest two parts of an answer become one.
pub const EVENTS_PER_SESSION_MAX: usize = 128;
/// Most text remembered per session, in bytes. Beyond it the oldest event is forgotten.
pub const TEXT_PER_SESSION_BYTES_MAX: usize = 64 * 1024;
/// Most events that wait for one slow watcher. Beyond it the watcher's stream ends.
pub const WATCHER_BACKLOG_MAX: usize = 256;

/// A remembered event; a part may stand for several that were joined.
#[derive(Debug)]
struct Remembered {
    /// The number of the first event in it; `event.seq` is the number of the last.
    first_seq: i64,
    event: LiveEvent,
}

/// What is remembered of one session.
#[derive(Debug)]
pub(super) struct Topic {
    events: VecDeque<Remembered>,
    text_bytes: usize,
    /// A part up to this number was forgotten: nobody at or before it can be given the answer whole.
    hole_through: Option<i64>,
    sender: Option<broadcast::Sender<LiveEvent>>,
    done: bool,
    touched: Instant,
}

/// What a new watcher starts with.
#[derive(Debug)]
pub(super) struct Joined {
    /// Events after the asked number, oldest first.
    pub(super) remembered: Vec<LiveEvent>,
    /// What comes after them, without a gap.
    pub(super) receiver: broadcast::Receiver<LiveEvent>,
    /// The answer's beginning is gone: parts are held back until something replaces them.
    pub(super) skips_parts: bool,
}

impl Topic {
    pub(super) const fn new(now: Instant) -> Self {
        Self {
            events: VecDeque::new(),
            text_bytes: 0,
            hole_through: None,
            sender: None,
            done: false,
            touched: now,
        }
    }

    /// Remembers an event and hands it to the watchers. Never waits.
    pub(super) fn publish(&mut self, event: LiveEvent, now: Instant) {
        self.touched = now;
        self.done = matches!(event.body, LiveBody::Done { .. });
        // Sending fails only when the last watcher has left; then the channel's memory goes, too.
        let left = |sender: &broadcast::Sender<_>| sender.send(event.clone()).is_err();
        if self.sender.as_ref().is_some_and(left) {
            self.sender = None;
        }
        self.remember(event);
    }

    /// Takes a watcher in. The caller holds the topic, so that nothing is published in between.
    pub(super) fn join(&mut self, after: i64, now: Instant) -> Joined {
        self.touched = now;
        let receiver = self
            .sender
            .get_or_insert_with(|| broadcast::Sender::new(WATCHER_BACKLOG_MAX))
            .subscribe();
        let new = self.events.iter().filter(|kept| kept.event.seq > after);
        let skips_parts = self.hole_through.is_some_and(|hole| after < hole)
            || new.clone().any(|kept| kept.first_seq <= after);
        Joined { remembered: new.map(|kept| kept.event.clone()).collect(), receiver, skips_parts }
    }

    pub(super) fn watchers(&self) -> usize {
        self.sender.as_ref().map_or(0, broadcast::Sender::receiver_count)
    }

    /// Whether nobody has a use for it any more.
    pub(super) fn is_stale(&self, limits: &LiveLimits, now: Instant) -> bool {
        let silent = now.saturating_duration_since(self.touched);
        let forget_after =
            if self.done { limits.forget_done_after } else { limits.forget_silent_after };
        self.watchers() == 0 && (self.events.is_empty() || silent >= forget_after)
    }

    pub(super) const fn touched(&self) -> Instant {
        self.touched
    }

    fn remember(&mut self, event: LiveEvent) {
        if replaces_parts(&event.body) {
            self.forget_parts();
        }
        self.text_bytes += text_of(&event.body).len();
        self.events.push_back(Remembered { first_seq: event.seq, event });
        if self.events.len() > EVENTS_PER_SESSION_MAX && !self.join_oldest_parts() {
            self.forget_oldest();
        }
        while self.text_bytes > TEXT_PER_SESSION_BYTES_MAX && self.events.len() > 1 {
            self.forget_oldest();
        }
    }

    fn forget_parts(&mut self) {
        self.hole_through = None;
        self.events.retain(|kept| !matches!(kept.event.body, LiveBody::Delta { .. }));
        self.text_bytes = self.events.iter().map(|kept| text_of(&kept.event.body).len()).sum();
    }

    /// Joins the two oldest neighbouring parts of one answer. `false` if there are none.
    fn join_oldest_parts(&mut self) -> bool {
        let pairs = self.events.iter().zip(self.events.iter().skip(1));
        let Some(index) = pairs.enumerate().find_map(|(index, (left, right))| {
            continues(&left.event, &right.event).then_some(index)
        }) else {
            return false;
        };
        let Some(right) = self.events.remove(index + 1) else {
            return false;
        };
        if let Some(left) = self.events.get_mut(index) {
            left.event.seq = right.event.seq;
            if let (LiveBody::Delta { text }, LiveBody::Delta { text: more }) =
                (&mut left.event.body, &right.event.body)
            {
                text.push_str(more);
            }
        }
        true
    }

    fn forget_oldest(&mut self) {
        if let Some(kept) = self.events.pop_front() {
            self.text_bytes -= text_of(&kept.event.body).len();
            if matches!(kept.event.body, LiveBody::Delta { .. }) {
                self.hole_through = Some(kept.event.seq);
            }
        }
    }
}

/// Whether whoever sees this event has no more use for the parts before it.
pub(super) const fn replaces_parts(body: &LiveBody) -> bool {
    !matches!(body, LiveBody::Delta { .. })
}

fn continues(left: &LiveEvent, right: &LiveEvent) -> bool {
    let parts =
        matches!((&left.body, &right.body), (LiveBody::Delta { .. }, LiveBody::Delta { .. }));
    parts && left.runs == right.runs
}

const fn text_of(body: &LiveBody) -> &str {
    match body {
        LiveBody::Delta { text } | LiveBody::Message { text } | LiveBody::Error { text, .. } => {
            text.as_str()
        }
        LiveBody::Done { .. } => "",
    }
}
