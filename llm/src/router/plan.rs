//! What one call tries next. Pure: time and jitter are passed in.

use rookery_domain::ports::{ModelError, ModelErrorKind};
use std::time::Duration;
use tokio::time::Instant;

/// How a call whose whole route failed is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetrySettings {
    /// How many more attempts a call gets after every model of its route failed once.
    pub attempts_max: u32,
    /// The wait before the first of them; it doubles with each.
    pub backoff_min: Duration,
    /// The longest wait for one of them. A provider that asks for more is given up.
    pub wait_max: Duration,
}

impl Default for RetrySettings {
    fn default() -> Self {
        Self {
            attempts_max: 2,
            backoff_min: Duration::from_millis(500),
            wait_max: Duration::from_secs(10),
        }
    }
}

/// What is tried next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The model at this place of the route, at once.
    Try(usize),
    /// The same after a wait.
    Wait { index: usize, until: Instant },
    /// Nothing: the call failed.
    GiveUp,
}

/// The route of one call and what became of its models.
#[derive(Debug)]
pub(super) struct Plan {
    settings: RetrySettings,
    deadline: Instant,
    failures: Vec<Option<Failed>>,
    retries: u32,
}

#[derive(Debug)]
struct Failed {
    error: ModelError,
    /// Not before then; absent if trying again makes no sense.
    again: Option<Instant>,
    order: u32,
}

impl Plan {
    pub(super) fn new(models: usize, settings: RetrySettings, deadline: Instant) -> Self {
        Self {
            settings,
            deadline,
            failures: std::iter::repeat_with(|| None).take(models).collect(),
            retries: 0,
        }
    }

    /// The first model that was not tried yet; after all of them the one that may be tried again
    /// soonest, as long as that is soon enough.
    pub(super) fn next(&self, now: Instant) -> Step {
        if let Some(index) = self.failures.iter().position(Option::is_none) {
            return Step::Try(index);
        }
        if self.retries >= self.settings.attempts_max {
            return Step::GiveUp;
        }
        let soonest = self
            .failures
            .iter()
            .enumerate()
            .filter_map(|(index, failed)| Some((failed.as_ref()?.again?, index)))
            .min();
        match soonest {
            Some((until, index)) if until <= now => Step::Try(index),
            Some((until, index))
                if until - now <= self.settings.wait_max && until < self.deadline =>
            {
                Step::Wait { index, until }
            }
            _ => Step::GiveUp,
        }
    }

    /// Takes note of a failure. `spread` makes waits differ.
    pub(super) fn failed(
        &mut self,
        index: usize,
        error: ModelError,
        now: Instant,
        spread: impl Fn(Duration) -> Duration,
    ) {
        let order = self.order();
        let Some(slot) = self.failures.get_mut(index) else {
            return;
        };
        if slot.is_some() {
            self.retries = self.retries.saturating_add(1);
        }
        let again = may_recover(error.kind).then(|| {
            let doubled = 2_u32.saturating_pow(self.retries);
            let backoff = spread(self.settings.backoff_min.saturating_mul(doubled));
            now + error.retry_after.unwrap_or_default().max(backoff)
        });
        *slot = Some(Failed { error, again, order });
    }

    /// The failure that says most: the newest that may pass, else the newest.
    pub(super) fn into_error(self) -> Option<ModelError> {
        self.failures
            .into_iter()
            .flatten()
            .max_by_key(|failed| (may_pass(failed.error.kind), failed.order))
            .map(|failed| failed.error)
    }

    fn order(&self) -> u32 {
        let newest = self.failures.iter().flatten().map(|failed| failed.order).max();
        newest.map_or(0, |order| order.saturating_add(1))
    }
}

/// Whether the same model may answer soon. A timeout cost its whole limit already.
const fn may_recover(kind: ModelErrorKind) -> bool {
    matches!(
        kind,
        ModelErrorKind::RateLimited | ModelErrorKind::Unavailable | ModelErrorKind::BrokenOff
    )
}

const fn may_pass(kind: ModelErrorKind) -> bool {
    may_recover(kind) || matches!(kind, ModelErrorKind::TimedOut)
}
