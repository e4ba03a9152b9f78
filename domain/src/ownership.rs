//! Who may write for a tenant.

use crate::id::{NodeId, TenantId};

/// Counts the ownerships of a tenant; a write carries the one it was made under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub i64);

/// The right to write for one tenant, until somebody else claims it. Checked in every transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// For which tenant.
    pub tenant_id: TenantId,
    /// By which boot of which process.
    pub owner: NodeId,
    /// Under which epoch.
    pub epoch: Epoch,
}

/// A runtime process as it registers itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRecord {
    /// Unique per boot.
    pub id: NodeId,
    /// Where peers and operators reach it; empty when alone.
    pub address: String,
    /// The release.
    pub version: String,
}
