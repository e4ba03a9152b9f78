//! What an auditor should see. The store chains the entries of a tenant by hash.

use crate::id::AuditId;
use crate::time::Timestamp;

/// One audit entry before it is chained.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// Its id.
    pub id: AuditId,
    /// Who: `operator`, `key_…`, `runtime`.
    pub actor: String,
    /// What, as a dotted verb: `agent.published`, `outbox.ambiguous`.
    pub action: String,
    /// On what: an id or a slug.
    pub subject: String,
    /// Details without secrets and without message texts.
    pub details: serde_json::Value,
    /// When.
    pub at: Timestamp,
}
