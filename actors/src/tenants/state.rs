//! What the supervisor remembers of each tenant.

use crate::overseer::OverseerHandle;
use crate::supervision::RestartHistory;
use ractor::{ActorId, RpcReplyPort};
use rookery_domain::id::TenantId;
use std::collections::HashMap;
use tokio::time::Instant;

/// One tenant of this node.
#[derive(Debug, Default)]
pub(crate) struct Seat {
    pub(crate) overseer: Option<OverseerHandle>,
    /// The newest overseer's actor, to tell its end from that of one before it.
    pub(crate) actor: Option<ActorId>,
    /// Arrivals handed to the live overseer.
    pub(crate) arrivals: u64,
    /// Crashed, and not to be started before `ComeBack`.
    pub(crate) away: bool,
    pub(crate) history: RestartHistory,
}

/// The supervisor's memory: nothing in it is needed after a restart.
#[derive(Debug)]
pub(crate) struct TenantsState {
    pub(crate) seats: HashMap<TenantId, Seat>,
    pub(crate) tenants_by_actor: HashMap<ActorId, TenantId>,
    pub(crate) started_at: Instant,
    /// The node is going down: nothing is started any more.
    pub(crate) draining: bool,
    pub(crate) drained: Option<RpcReplyPort<()>>,
}

impl TenantsState {
    pub(crate) fn new() -> Self {
        Self {
            seats: HashMap::new(),
            tenants_by_actor: HashMap::new(),
            started_at: Instant::now(),
            draining: false,
            drained: None,
        }
    }

    pub(crate) fn live(&self) -> usize {
        self.tenants_by_actor.len()
    }
}
