//! The states of one circuit and how they change. Pure: time is passed in.

use super::settings::BreakerSettings;
use std::time::Duration;
use tokio::time::Instant;

/// One circuit. A fresh one is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Circuit {
    /// Rises with every change of phase, so that outcomes of calls from before it are recognised.
    generation: u64,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Calls pass; so many failed in a row.
    Closed { failures: u32 },
    /// No call passes until then.
    Open { until: Instant },
    /// One call passes at a time, to see.
    HalfOpen { probing: bool },
}

impl Default for Phase {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

/// Whether a call may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    /// It may, and reports back with this generation.
    Pass { generation: u64 },
    /// It may not for that long.
    Refuse { wait: Duration },
}

/// What became of a call that passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The provider began to answer; the end is still open.
    Answering,
    /// It answered.
    Succeeded,
    /// It failed.
    Failed,
    /// Nobody waited for the end.
    Abandoned,
}

impl Circuit {
    /// What calls through a fresh circuit carry.
    pub(super) const FIRST_GENERATION: u64 = 0;

    /// Whether it is as good as one that was never used.
    pub(super) fn is_pristine(self) -> bool {
        self.phase == Phase::default()
    }

    /// Whether calls are refused at this time.
    pub(super) fn refuses(self, now: Instant) -> bool {
        matches!(self.phase, Phase::Open { until } if now < until)
    }

    /// Whether it can be forgotten: no outcome of the past weighs on it any more.
    pub(super) fn is_stale(self, now: Instant) -> bool {
        match self.phase {
            Phase::Closed { .. } => true,
            Phase::Open { until } => until <= now,
            Phase::HalfOpen { probing } => !probing,
        }
    }

    /// Decides about one call.
    pub(super) fn admit(self, settings: &BreakerSettings, now: Instant) -> (Self, Admission) {
        match self.phase {
            Phase::Closed { .. } => (self, self.pass()),
            Phase::Open { until } if now < until => {
                (self, Admission::Refuse { wait: until.duration_since(now) })
            }
            Phase::Open { .. } => {
                let probing = self.turn(Phase::HalfOpen { probing: true });
                (probing, probing.pass())
            }
            Phase::HalfOpen { probing: false } => {
                let probing = Self { phase: Phase::HalfOpen { probing: true }, ..self };
                (probing, probing.pass())
            }
            // The probe tells soon; nobody knows when.
            Phase::HalfOpen { probing: true } => {
                (self, Admission::Refuse { wait: settings.open_for })
            }
        }
    }

    /// Takes note of an outcome. Those from before the last change of phase say nothing about now.
    #[must_use]
    pub(super) fn record(
        self,
        settings: &BreakerSettings,
        generation: u64,
        outcome: Outcome,
        now: Instant,
    ) -> Self {
        if generation != self.generation {
            return self;
        }
        match (self.phase, outcome) {
            (Phase::Closed { failures }, Outcome::Failed) => {
                let failures = failures.saturating_add(1);
                if failures >= settings.failures_max {
                    self.open(settings, now)
                } else {
                    Self { phase: Phase::Closed { failures }, ..self }
                }
            }
            (Phase::Closed { .. }, Outcome::Succeeded) => Self { phase: Phase::default(), ..self },
            (Phase::HalfOpen { .. }, Outcome::Failed) => self.open(settings, now),
            (Phase::HalfOpen { .. }, Outcome::Succeeded) => self.turn(Phase::default()),
            // Others need not wait for the end of a long answer, but one more failure reopens it.
            // The generation stays, so that the probe's own end still counts.
            (Phase::HalfOpen { .. }, Outcome::Answering) => Self {
                phase: Phase::Closed { failures: settings.failures_max.saturating_sub(1) },
                ..self
            },
            (Phase::HalfOpen { .. }, Outcome::Abandoned) => {
                Self { phase: Phase::HalfOpen { probing: false }, ..self }
            }
            (Phase::Open { .. }, _)
            | (Phase::Closed { .. }, Outcome::Answering | Outcome::Abandoned) => self,
        }
    }

    const fn pass(self) -> Admission {
        Admission::Pass { generation: self.generation }
    }

    fn open(self, settings: &BreakerSettings, now: Instant) -> Self {
        self.turn(Phase::Open { until: now + settings.open_for })
    }

    const fn turn(self, phase: Phase) -> Self {
        Self { generation: self.generation.wrapping_add(1), phase }
    }
}
