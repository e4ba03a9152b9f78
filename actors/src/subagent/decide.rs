//! A turn's life: pending → spawning → active → completed | failed → cleanup | retry. Pure.

use std::time::Duration;

/// Where a turn's life stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Decided, not started.
    Pending,
    /// Being recorded.
    Spawning,
    /// Working.
    Active,
    /// Committed.
    Completed,
    /// Crashed.
    Failed,
    /// Nothing is left to do.
    Cleanup,
    /// Handed back to be run again.
    Retry,
}

/// What happened to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// Its work started.
    Spawned,
    /// It is recorded in the store.
    Began,
    /// A look at the clock.
    Check {
        /// Since it was spawned.
        age: Duration,
        /// Since its last sign of life.
        silent_for: Duration,
    },
    /// Its work returned.
    Finished,
    /// Its work panicked.
    Crashed,
    /// Its report is delivered.
    Reported,
}

/// The limits of a turn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// To be recorded.
    pub(crate) spawn: Duration,
    /// Between signs of life.
    pub(crate) heartbeat: Duration,
    /// Altogether.
    pub(crate) task: Duration,
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decision {
    /// The new phase.
    pub(crate) phase: Phase,
    /// Cancel the work: it is out of time.
    pub(crate) cancel: bool,
}

/// Decides.
pub(crate) fn decide(phase: Phase, event: Event, limits: &Limits) -> Decision {
    let cancel = match (phase, event) {
        (Phase::Spawning, Event::Check { silent_for, .. }) => silent_for > limits.spawn,
        (Phase::Active, Event::Check { age, silent_for }) => {
            age > limits.task || silent_for > limits.heartbeat
        }
        _ => false,
    };
    let next = match (phase, event) {
        (Phase::Pending, Event::Spawned) => Phase::Spawning,
        (Phase::Spawning, Event::Began) => Phase::Active,
        (Phase::Spawning | Phase::Active, Event::Finished) => Phase::Completed,
        (Phase::Pending | Phase::Spawning | Phase::Active, Event::Crashed) => Phase::Failed,
        (Phase::Completed, Event::Reported) => Phase::Cleanup,
        (Phase::Failed, Event::Reported) => Phase::Retry,
        (unchanged, _) => unchanged,
    };
    Decision { phase: next, cancel }
}
