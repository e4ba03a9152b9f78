//! `[cluster]`: more than one node. Accepted; refused at start while it does nothing.

use super::keys::Keys;
use rookery_domain::Secret;
use std::net::SocketAddr;

/// More than one node.
#[derive(Debug, Clone)]
pub struct ClusterConfig {
    /// Whether this node joins others.
    pub enabled: bool,
    /// Where it listens for them.
    pub listen: SocketAddr,
    /// Where they reach it.
    pub advertise: String,
    /// What they share.
    pub secret: Secret,
}

impl ClusterConfig {
    pub(super) fn read(keys: &mut Keys<'_>) -> Self {
        Self {
            enabled: keys.read("cluster.enabled"),
            listen: keys.read("cluster.listen"),
            advertise: keys.read("cluster.advertise"),
            secret: keys.secret("cluster.secret"),
        }
    }
}
