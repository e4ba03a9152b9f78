//! API keys: created, given another text, or revoked when the file no longer has them. One-time
//! keys are the runtime's own and left alone.

use super::applied::AppliedKey;
use super::draft::Draft;
use super::plan::Facts;
use crate::error::ControlError;
use crate::key_text;
use crate::spec::{ApiKeySpec, CarriedSecret, TenantSpec};
use rookery_domain::api_key::ApiKey;
use rookery_domain::id::ApiKeyId;
use std::collections::BTreeMap;

/// Plans the keys and returns those of the file as they are printed.
pub(super) fn plan_keys(
    draft: &mut Draft<'_>,
    spec: &TenantSpec,
    facts: &Facts,
) -> Result<BTreeMap<String, AppliedKey>, ControlError> {
    let stored = facts.state.as_ref().map_or(&[][..], |state| &state.api_keys);
    let mut applied = BTreeMap::new();
    for (index, wanted) in spec.api_keys.iter().enumerate() {
        let current = stored.iter().find(|key| key.slug == wanted.slug);
        if let Some(fault) = current.and_then(|current| refusal(wanted, current)) {
            let (field, message) = fault;
            draft.faults.push(format!("api_keys[{index}].{field}"), message);
            continue;
        }
        let id = current.map_or_else(|| ApiKeyId::generate(draft.means.ids), |key| key.id);
        let made = match current {
            Some(current) if stands(wanted, current, facts) => None,
            _ => write(draft, wanted, id, current.is_some())?,
        };
        applied.insert(wanted.slug.clone(), AppliedKey { id, value: made });
    }
    for key in stored.iter().filter(|key| key.revoked_at.is_none() && !key.one_time) {
        if !spec.api_keys.iter().any(|wanted| wanted.slug == key.slug) {
            draft.change.revoked_keys.push(key.id);
            let details = serde_json::json!({ "key": key.id });
            draft.record("api_key.revoked", &key.slug, details);
        }
    }
    Ok(applied)
}

fn refusal(wanted: &ApiKeySpec, current: &ApiKey) -> Option<(&'static str, String)> {
    if current.one_time {
        let message = "is the runtime's own sign-in key; take another".to_owned();
        return Some(("slug", message));
    }
    let unknown_text = wanted.value.is_none() && current.revoked_at.is_none();
    (unknown_text && !same_scopes(wanted, current)).then(|| {
        let message = "a made key keeps its scopes, for its text is not stored; give its text as \
                       `value`, or take another slug";
        ("scopes", message.to_owned())
    })
}

/// Whether the stored key is already what the file asks for.
fn stands(wanted: &ApiKeySpec, current: &ApiKey, facts: &Facts) -> bool {
    current.revoked_at.is_none()
        && same_scopes(wanted, current)
        && (wanted.value.is_none() || facts.matching_keys.contains(&current.id))
}

fn same_scopes(wanted: &ApiKeySpec, current: &ApiKey) -> bool {
    let mut scopes = current.scopes.clone();
    scopes.sort_unstable();
    scopes == wanted.scopes
}

fn write(
    draft: &mut Draft<'_>,
    wanted: &ApiKeySpec,
    id: ApiKeyId,
    replaces: bool,
) -> Result<Option<CarriedSecret>, ControlError> {
    let made = match &wanted.value {
        Some(_) => None,
        None => Some(CarriedSecret(key_text::make(draft.means.random)?)),
    };
    let Some(CarriedSecret(text)) = wanted.value.clone().or_else(|| made.clone()) else {
        return Ok(None);
    };
    let key = ApiKey {
        tenant_id: draft.change.tenant.id,
        id,
        slug: wanted.slug.clone(),
        prefix: key_text::shown_prefix(&text),
        scopes: wanted.scopes.clone(),
        expires_at: None,
        revoked_at: None,
        one_time: false,
    };
    draft.change.api_keys.push((key, text));
    let action = if replaces { "api_key.replaced" } else { "api_key.created" };
    let details = serde_json::json!({ "key": id, "scopes": wanted.scopes });
    draft.record(action, &wanted.slug, details);
    Ok(made)
}
