//! What every actor of the tree holds: ports, settings and the few things shared between them.

use crate::connections::Connections;
use crate::lanes::Lanes;
use crate::services::Services;
use crate::settings::ActorSettings;
use rookery_domain::IdSource;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

/// Tenants that recover at the same time; more than the store has connections for only cost memory.
const RECOVERIES_MAX: usize = 32;

/// Shared by reference; cloning is cheap.
#[derive(Debug, Clone)]
pub(crate) struct Shared(Arc<Inner>);

/// The contents.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) services: Services,
    pub(crate) settings: ActorSettings,
    pub(crate) connections: Connections,
    pub(crate) lanes: Lanes,
    /// Places for tenants that read themselves from the store. After a start there may be thousands.
    pub(crate) recoveries: Semaphore,
    /// Work that left a mailbox; waited for when draining.
    pub(crate) tasks: TaskTracker,
}

impl Shared {
    pub(crate) fn new(services: Services, settings: ActorSettings) -> Self {
        let connections = Connections::new(services.clone(), settings.open_connections_max);
        let lanes = Lanes::new(settings.lane_rows_max);
        Self(Arc::new(Inner {
            services,
            settings,
            connections,
            lanes,
            recoveries: Semaphore::new(RECOVERIES_MAX),
            tasks: TaskTracker::new(),
        }))
    }
}

impl std::ops::Deref for Shared {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

/// Exponential back-off with full jitter: a wait between zero and `first · 2^attempt`, at most
/// `longest`. The random bits are those of a fresh id.
pub(crate) fn jittered_backoff(
    ids: &dyn IdSource,
    attempt: u32,
    first: Duration,
    longest: Duration,
) -> Duration {
    let ceiling =
        first.saturating_mul(1_u32.checked_shl(attempt.min(20)).unwrap_or(u32::MAX)).min(longest);
    let random = u64::try_from(ids.uuid().as_u128() & 0xffff).unwrap_or(0);
    let ceiling_micros = u64::try_from(ceiling.as_micros()).unwrap_or(u64::MAX);
    Duration::from_micros(ceiling_micros.saturating_mul(random + 1) / 0x1_0000)
}

#[cfg(test)]
mod tests {
    use super::jittered_backoff;
    use rookery_domain::testing::SequentialIds;
    use std::time::Duration;

    #[test]
    fn a_wait_never_exceeds_its_ceiling() {
        let ids = SequentialIds::default();
        for attempt in 0..40 {
            let wait =
                jittered_backoff(&ids, attempt, Duration::from_millis(100), Duration::from_secs(5));
            assert!(wait <= Duration::from_secs(5));
            assert!(attempt > 0 || wait <= Duration::from_millis(100));
        }
    }
}
