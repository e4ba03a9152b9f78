//! `[ops]`: the private listener for probes and metrics.

use super::keys::Keys;
use std::net::SocketAddr;

/// The private listener.
#[derive(Debug, Clone)]
pub struct OpsConfig {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
}

impl OpsConfig {
    pub(super) fn read(keys: &mut Keys<'_>) -> Self {
        Self { listen: keys.read("ops.listen") }
    }

    /// The two listeners cannot share an address.
    pub(super) fn check_against(&self, http: SocketAddr, keys: &mut Keys<'_>) {
        if self.listen == http && http.port() != 0 {
            keys.faults.push("ops.listen", "is the address of http.listen; take another port");
        }
    }
}
