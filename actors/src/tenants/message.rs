//! What the tenants' supervisor is told.

use crate::lanes::LanePermit;
use ractor::RpcReplyPort;
use rookery_domain::id::TenantId;
use rookery_domain::inbox::InboxRow;

/// A row that became durable a moment ago, with its place in memory.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(crate) row: InboxRow,
    pub(crate) permit: LanePermit,
}

/// Messages of the supervisor.
#[derive(Debug)]
pub(crate) enum TenantsMessage {
    /// A row is durable.
    Arrived(Arrival),
    /// Tenants that the store marks as having work.
    Marked(Vec<TenantId>),
    /// A crashed or parked overseer may come back.
    ComeBack(TenantId),
    /// A tenant's configuration changed.
    Refresh(TenantId),
    /// Time for every overseer to look at its deadlines.
    Tick,
    /// An overseer has had nothing to do for long, after this many arrivals.
    Idle { tenant: TenantId, arrivals: u64 },
    /// How many overseers are live.
    Count(RpcReplyPort<usize>),
    /// Finish what runs, start nothing new; answered when all overseers have stopped.
    Drain(RpcReplyPort<()>),
}

impl ractor::Message for TenantsMessage {}
