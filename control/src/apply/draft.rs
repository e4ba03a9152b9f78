//! The change as it grows. Whatever goes in is recorded for the auditor at the same time, so that
//! a change without audit entries is a change that does nothing.

use crate::fault::Faults;
use crate::key_text::RandomSource;
use rookery_domain::Secret;
use rookery_domain::audit::AuditEntry;
use rookery_domain::id::AuditId;
use rookery_domain::ports::control::TenantChange;
use rookery_domain::tenant::Tenant;
use rookery_domain::time::{IdSource, Timestamp};
use std::collections::BTreeMap;

/// What planning takes from outside.
#[derive(Debug, Clone, Copy)]
pub struct Means<'a> {
    /// Fresh ids.
    pub ids: &'a dyn IdSource,
    /// Randomness for keys.
    pub random: &'a dyn RandomSource,
    /// The time of the change.
    pub at: Timestamp,
    /// Who changes it, as the audit log names them: `operator`, `runtime`.
    pub actor: &'a str,
    /// Under which base URL platforms reach the hooks, without a trailing slash.
    pub public_url: &'a str,
}

/// A change being drafted.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub(super) means: Means<'a>,
    pub(super) change: TenantChange,
    pub(super) notes: Vec<String>,
    pub(super) faults: Faults,
}

impl<'a> Draft<'a> {
    pub(super) fn new(means: Means<'a>, tenant: Tenant) -> Self {
        Self {
            means,
            change: TenantChange {
                tenant,
                agents: Vec::new(),
                connections: Vec::new(),
                api_keys: Vec::new(),
                revoked_keys: Vec::new(),
                secrets: Vec::new(),
                removed_secrets: Vec::new(),
                audit: Vec::new(),
                at: means.at,
            },
            notes: Vec::new(),
            faults: Faults::default(),
        }
    }

    /// Records for the auditor, and for the operator who reads the notes.
    pub(super) fn record(&mut self, action: &str, subject: &str, details: serde_json::Value) {
        self.notes.push(format!("{action}: {subject}"));
        self.change.audit.push(AuditEntry {
            id: AuditId::generate(self.means.ids),
            actor: self.means.actor.to_owned(),
            action: action.to_owned(),
            subject: subject.to_owned(),
            details,
            at: self.means.at,
        });
    }

    /// Brings the secrets under a prefix of the vault to what is wanted; whether any differed.
    pub(super) fn secrets<'s>(
        &mut self,
        vault: &BTreeMap<String, Secret>,
        prefix: &str,
        wanted: impl Iterator<Item = (String, &'s Secret)>,
    ) -> bool {
        let wanted: BTreeMap<String, &Secret> = wanted.collect();
        let mut differed = false;
        for (name, secret) in &wanted {
            if vault.get(name) != Some(*secret) {
                self.change.secrets.push((name.clone(), (*secret).clone()));
                self.record("secret.stored", name, serde_json::json!({}));
                differed = true;
            }
        }
        for name in vault.keys().filter(|name| name.starts_with(prefix)) {
            if !wanted.contains_key(name) {
                self.change.removed_secrets.push(name.clone());
                self.record("secret.removed", name, serde_json::json!({}));
                differed = true;
            }
        }
        differed
    }
}
