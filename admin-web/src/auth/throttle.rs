//! The brake on guessing keys: after so many failures from one address within a minute its further
//! attempts are refused without being looked at, except for keys that were good a moment ago, so
//! that one guesser behind a shared proxy locks nobody out who is already at work.

use super::peer::Peer;
use crate::frame::Problem;
use ring::hmac;
use rookery_domain::{ErrorKind, Secret};
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

const WINDOW: Duration = Duration::from_secs(60);

/// Addresses that are remembered at once; beyond it the oldest window is forgotten.
const ADDRESSES_MAX: usize = 4_096;

/// Good keys that are remembered while somebody guesses.
const GOOD_KEYS_MAX: usize = 1_024;

/// Failures by address.
#[derive(Debug)]
pub(crate) struct Throttle {
    failures_max: u32,
    digest_key: hmac::Key,
    /// Nobody has failed: the usual case, which needs no lock.
    quiet: AtomicBool,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    failures: HashMap<Peer, Window>,
    good_keys: VecDeque<hmac::Tag>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    began: Instant,
    failures: u32,
}

impl Throttle {
    pub(crate) fn new(failures_max: u32, key: &Secret) -> Self {
        Self {
            failures_max,
            digest_key: hmac::Key::new(hmac::HMAC_SHA256, key.expose().as_bytes()),
            quiet: AtomicBool::new(true),
            table: Mutex::new(Table::default()),
        }
    }

    /// Whether a key of this text may be looked up for this address now.
    pub(crate) async fn admit(&self, peer: Peer, text: &str) -> Result<(), Problem> {
        if self.quiet.load(Ordering::Relaxed) {
            return Ok(());
        }
        let table = self.table.lock().await;
        let Some(window) = table.failures.get(&peer) else { return Ok(()) };
        let age = window.began.elapsed();
        if age >= WINDOW || window.failures < self.failures_max {
            return Ok(());
        }
        if table.good_keys.iter().any(|tag| tag.as_ref() == self.digest(text).as_ref()) {
            return Ok(());
        }
        let wait = WINDOW.saturating_sub(age);
        Err(Problem::new(ErrorKind::RateLimited, "too many failed attempts from this address")
            .retry_after(wait))
    }

    pub(crate) async fn failed(&self, peer: Peer) {
        let mut table = self.table.lock().await;
        self.quiet.store(false, Ordering::Relaxed);
        let fresh = Window { began: Instant::now(), failures: 0 };
        if !table.failures.contains_key(&peer) {
            table.make_room();
        }
        let window = table.failures.entry(peer).or_insert(fresh);
        if window.began.elapsed() >= WINDOW {
            *window = fresh;
        }
        window.failures = window.failures.saturating_add(1);
    }

    pub(crate) async fn succeeded(&self, text: &str) {
        if self.quiet.load(Ordering::Relaxed) {
            return;
        }
        let tag = self.digest(text);
        let mut table = self.table.lock().await;
        table.failures.retain(|_, window| window.began.elapsed() < WINDOW);
        if table.failures.is_empty() {
            table.good_keys.clear();
            self.quiet.store(true, Ordering::Relaxed);
            return;
        }
        if table.good_keys.iter().any(|known| known.as_ref() == tag.as_ref()) {
            return;
        }
        if table.good_keys.len() >= GOOD_KEYS_MAX {
            table.good_keys.pop_front();
        }
        table.good_keys.push_back(tag);
    }

    /// Under a key of this process: what is remembered is of no use to anybody who reads it, and
    /// comparing it leaks nothing about the text.
    fn digest(&self, text: &str) -> hmac::Tag {
        hmac::sign(&self.digest_key, text.as_bytes())
    }
}

impl Table {
    fn make_room(&mut self) {
        if self.failures.len() < ADDRESSES_MAX {
            return;
        }
        self.failures.retain(|_, window| window.began.elapsed() < WINDOW);
        while self.failures.len() >= ADDRESSES_MAX {
            let oldest = self.failures.iter().min_by_key(|(_, window)| window.began);
            let Some(peer) = oldest.map(|(peer, _)| *peer) else { return };
            self.failures.remove(&peer);
        }
    }
}
