//! Limits of the process's own listeners, and of its end.

use super::super::keys::Keys;
use super::at_least_one;
use std::time::Duration;

/// Limits of the listeners.
#[derive(Debug, Clone)]
pub struct ListenerLimits {
    /// Connections to the public listener at once; more wait in the kernel's queue.
    pub http_connections_max: usize,
    /// Connections to the private listener and to the admin socket at once, each.
    pub ops_connections_max: usize,
    /// A request's headers must have arrived in this time.
    pub header_read_timeout: Duration,
    /// Largest body on the admin socket, in bytes.
    pub admin_body_bytes_max: usize,
    /// How long running turns may take to end when the process is asked to stop.
    pub drain_budget: Duration,
}

impl ListenerLimits {
    pub(super) fn read(keys: &mut Keys<'_>) -> Self {
        let limits = Self {
            http_connections_max: keys.read("limits.http_connections_max"),
            ops_connections_max: keys.read("limits.ops_connections_max"),
            header_read_timeout: keys.read("limits.header_read_timeout"),
            admin_body_bytes_max: keys.read("limits.admin_body_bytes_max"),
            drain_budget: keys.read("limits.drain_budget"),
        };
        at_least_one(keys, "limits.http_connections_max", limits.http_connections_max);
        at_least_one(keys, "limits.ops_connections_max", limits.ops_connections_max);
        if limits.header_read_timeout.is_zero() {
            keys.faults.push("limits.header_read_timeout", "must be longer than zero");
        }
        limits
    }
}
