//! Keys made one at a time, outside an apply file.

use crate::control::Control;
use crate::error::ControlError;
use crate::fault::Faults;
use crate::key_text;
use crate::spec::{CarriedSecret, is_slug};
use rookery_domain::api_key::{ApiKey, Scope};
use rookery_domain::audit::AuditEntry;
use rookery_domain::id::{ApiKeyId, AuditId, TenantId};
use rookery_domain::ports::StoreError;
use rookery_domain::ports::control::{TenantChange, TenantState};

/// A key that was made now.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct MadeKey {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Its id.
    pub id: ApiKeyId,
    /// Its slug.
    pub slug: String,
    /// Its text, this one time.
    pub value: CarriedSecret,
}

impl Control {
    /// Makes a key for a tenant. Its text is in the result this one time.
    pub async fn create_key(
        &self,
        tenant: &str,
        slug: &str,
        scopes: &[Scope],
    ) -> Result<MadeKey, ControlError> {
        let state = self.tenant(tenant).await?;
        let mut faults = Faults::default();
        if !is_slug(slug) {
            faults.push("slug", "must be 1 to 63 of a-z, 0-9 and -");
        }
        if scopes.is_empty() {
            faults.push("scopes", "needs at least one of: chat, read, admin");
        }
        let taken = state.api_keys.iter().find(|key| key.slug == slug);
        if taken.is_some_and(|key| key.revoked_at.is_none() || key.one_time) {
            faults.push("slug", format!("`{slug}` is taken; take another"));
        }
        faults.or(())?;
        let scopes = scopes.to_vec();
        self.write_key(slug, &state, |key| key.scopes = scopes).await
    }

    pub(crate) async fn write_key(
        &self,
        slug: &str,
        state: &TenantState,
        fill: impl FnOnce(&mut ApiKey),
    ) -> Result<MadeKey, ControlError> {
        let means = self.means("operator");
        let text = key_text::make(means.random)?;
        let stored = state.api_keys.iter().find(|key| key.slug == slug);
        let mut key = ApiKey {
            tenant_id: state.tenant.id,
            id: stored.map_or_else(|| ApiKeyId::generate(means.ids), |key| key.id),
            slug: slug.to_owned(),
            prefix: key_text::shown_prefix(&text),
            scopes: Vec::new(),
            expires_at: None,
            revoked_at: None,
            one_time: false,
        };
        fill(&mut key);
        let (id, tenant_id) = (key.id, key.tenant_id);
        let entry = AuditEntry {
            id: AuditId::generate(means.ids),
            actor: means.actor.to_owned(),
            action: "api_key.created".to_owned(),
            subject: slug.to_owned(),
            details: serde_json::json!({ "key": id, "scopes": key.scopes }),
            at: means.at,
        };
        let change = TenantChange {
            tenant: state.tenant.clone(),
            agents: Vec::new(),
            connections: Vec::new(),
            api_keys: vec![(key, text.clone())],
            revoked_keys: Vec::new(),
            secrets: Vec::new(),
            removed_secrets: Vec::new(),
            audit: vec![entry],
            at: means.at,
        };
        match self.ports.store.save(change).await {
            Ok(()) => {
                Ok(MadeKey { tenant_id, id, slug: slug.to_owned(), value: CarriedSecret(text) })
            }
            Err(StoreError::Conflict(_)) => Err(ControlError::Contended(state.tenant.slug.clone())),
            Err(error) => Err(error.into()),
        }
    }
}
