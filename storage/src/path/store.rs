//! The store itself: queues for writes, the tenant scope for reads.

use super::lane::{Counters, Lane, Submission, Waiting};
use super::operation::{Answer, Operation};
use crate::database::{Backend, Database};
use crate::scope::TenantScope;
use rookery_domain::Clock;
use rookery_domain::id::{NodeId, TenantId};
use rookery_domain::ports::StoreError;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::{mpsc, oneshot, watch};

/// Ownership, inbox, turns, outbox and usage over one database.
#[derive(Debug)]
pub struct PathStore {
    pub(super) scope: TenantScope,
    pub(super) database: Database,
    pub(super) clock: Arc<dyn Clock>,
    lanes: Vec<Entrance>,
    counters: Arc<Counters>,
    queue_bytes_max: usize,
    node: watch::Sender<Option<NodeId>>,
}

/// The way into a lane.
#[derive(Debug)]
struct Entrance {
    queue: mpsc::Sender<Submission>,
    waiting: Arc<Waiting>,
}

impl PathStore {
    /// Starts the writer lanes.
    pub(crate) fn start(database: &Database, clock: Arc<dyn Clock>) -> Self {
        let settings = database.settings();
        let lanes = match database.backend() {
            Backend::Postgres(_) => settings.writer_lanes.max(1),
            Backend::Sqlite(_) => 1,
        };
        let counters = Arc::new(Counters::default());
        let entrances = (0..lanes).map(|_| {
            let (sender, queue) = mpsc::channel(settings.queue_ops_max.max(1));
            let waiting = Arc::new(Waiting::default());
            let lane =
                Lane::new(database.clone(), queue, Arc::clone(&waiting), Arc::clone(&counters));
            database.tasks().spawn(lane.work());
            Entrance { queue: sender, waiting }
        });
        Self {
            lanes: entrances.collect(),
            scope: database.scope(),
            database: database.clone(),
            clock,
            counters,
            queue_bytes_max: settings.queue_bytes_max,
            node: watch::Sender::new(None),
        }
    }

    /// SQL statements that the writer lanes have run so far, `BEGIN` and `COMMIT` included.
    pub fn statements_run(&self) -> u64 {
        self.counters.statements.load(Ordering::Relaxed)
    }

    /// Remembers under which id this process claims tenants.
    pub(super) fn booted_as(&self, node: NodeId) {
        self.node.send_replace(Some(node));
    }

    /// Under which id this process claims tenants.
    pub(super) fn node(&self) -> Result<NodeId, StoreError> {
        let node = *self.node.borrow();
        node.ok_or_else(|| StoreError::Conflict("this node has not booted yet".to_owned()))
    }

    /// Queues a write and waits until it is committed.
    pub(super) async fn submit(&self, operation: Operation) -> Result<Answer, StoreError> {
        let entrance = self.lane_of(operation.tenant).ok_or_else(closed)?;
        let bytes = operation.raw_bytes;
        if !entrance.waiting.reserve(bytes, self.queue_bytes_max) {
            return Err(StoreError::Full);
        }
        let (reply, answer) = oneshot::channel();
        let submission = Submission { operation, reply };
        if let Err(refused) = entrance.queue.try_send(submission) {
            entrance.waiting.give_back(bytes);
            return Err(match refused {
                mpsc::error::TrySendError::Full(_) => StoreError::Full,
                mpsc::error::TrySendError::Closed(_) => closed(),
            });
        }
        answer.await.map_err(|_gone| closed())?
    }

    /// [`Self::submit`] for writes that answer nothing but that they are done.
    pub(super) async fn submit_plain(&self, operation: Operation) -> Result<(), StoreError> {
        self.submit(operation).await.map(|_done| ())
    }

    /// A tenant always uses the same lane, so that its writes never wait for each other's locks.
    fn lane_of(&self, tenant: TenantId) -> Option<&Entrance> {
        let lanes = u64::try_from(self.lanes.len()).ok()?;
        let (high, low) = tenant.as_uuid().as_u64_pair();
        let spread = (high ^ low).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        self.lanes.get(usize::try_from(spread % lanes.max(1)).ok()?)
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("the store is closed".to_owned())
}

/// An answer that the lanes never give to this question.
pub(super) fn misanswered(answer: &Answer) -> StoreError {
    StoreError::Broken(format!("a lane answered {answer:?}"))
}
