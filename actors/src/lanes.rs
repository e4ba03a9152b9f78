//! Admission before the mailbox: how many unfinished inbound rows of a tenant are in memory.
//!
//! A row's permit travels with it and comes back when the row has an outcome, whoever drops it; so
//! an overseer that crashes gives its permits back by dying.

use dashmap::DashMap;
use rookery_domain::id::TenantId;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Permits by tenant.
#[derive(Debug)]
pub(crate) struct Lanes {
    rows_max: usize,
    lanes: DashMap<TenantId, Arc<Semaphore>>,
}

/// The right of one inbound row to be in memory.
pub(crate) type LanePermit = OwnedSemaphorePermit;

impl Lanes {
    pub(crate) fn new(rows_max: usize) -> Self {
        Self { rows_max, lanes: DashMap::new() }
    }

    /// Room for `rows` more rows of a tenant, or nothing.
    pub(crate) fn admit(&self, tenant: TenantId, rows: usize) -> Option<Vec<LanePermit>> {
        let lane = self.lane(tenant);
        (0..rows).map(|_| Arc::clone(&lane).try_acquire_owned().ok()).collect()
    }

    /// Waits for room for one row. Only for sources that can be left waiting, such as polling.
    pub(crate) async fn wait(&self, tenant: TenantId) -> Option<LanePermit> {
        self.lane(tenant).acquire_owned().await.ok()
    }

    /// Forgets a tenant without rows.
    pub(crate) fn forget_idle(&self, tenant: TenantId) {
        self.lanes.remove_if(&tenant, |_, lane| {
            lane.available_permits() == self.rows_max && Arc::strong_count(lane) == 1
        });
    }

    fn lane(&self, tenant: TenantId) -> Arc<Semaphore> {
        if let Some(lane) = self.lanes.get(&tenant) {
            return Arc::clone(&lane);
        }
        let lane =
            self.lanes.entry(tenant).or_insert_with(|| Arc::new(Semaphore::new(self.rows_max)));
        Arc::clone(&lane)
    }
}

#[cfg(test)]
mod tests {
    use super::Lanes;
    use rookery_domain::id::TenantId;
    use rookery_domain::testing::SequentialIds;

    #[test]
    fn a_full_lane_refuses_and_a_dropped_permit_makes_room() {
        let lanes = Lanes::new(2);
        let tenant = TenantId::generate(&SequentialIds::default());
        let held = lanes.admit(tenant, 2).unwrap();
        assert!(lanes.admit(tenant, 1).is_none());
        drop(held);
        assert!(lanes.admit(tenant, 2).is_some());
    }

    #[test]
    fn a_batch_is_admitted_whole_or_not_at_all() {
        let lanes = Lanes::new(3);
        let tenant = TenantId::generate(&SequentialIds::default());
        let _held = lanes.admit(tenant, 2).unwrap();
        assert!(lanes.admit(tenant, 2).is_none());
        assert!(lanes.admit(tenant, 1).is_some());
    }

    #[test]
    fn only_an_idle_lane_is_forgotten() {
        let lanes = Lanes::new(1);
        let tenant = TenantId::generate(&SequentialIds::default());
        let held = lanes.admit(tenant, 1);
        lanes.forget_idle(tenant);
        assert!(lanes.admit(tenant, 1).is_none());
        drop(held);
        lanes.forget_idle(tenant);
        assert!(lanes.lanes.is_empty());
    }
}
