//! The limiter's clock is the runtime's, so that a paused test clock moves both.

use governor::clock::Clock;
use governor::nanos::Nanos;
use tokio::time::Instant;

/// Time since the limiter was made.
#[derive(Debug, Clone)]
pub(super) struct RuntimeClock {
    start: Instant,
}

impl RuntimeClock {
    pub(super) fn starting_now() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for RuntimeClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(self.start.elapsed())
    }
}
