//! `[egress]`: what the guard of outgoing requests lets through.

use super::keys::Keys;

/// What the guard of outgoing requests lets through.
#[derive(Debug, Clone)]
pub struct EgressConfig {
    /// Hosts and ranges. No tool of this version fetches anything, so nothing is let out by it.
    pub allow: Vec<String>,
}

impl EgressConfig {
    pub(super) fn read(keys: &mut Keys<'_>) -> Self {
        Self { allow: keys.read("egress.allow") }
    }
}
