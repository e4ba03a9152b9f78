//! The whole plan: tenant, secrets, agents, connections, keys, in this order.

use super::agents::plan_agents;
use super::applied::{Applied, AppliedTenant, Outcome};
use super::connections::plan_connections;
use super::draft::{Draft, Means};
use super::keys::plan_keys;
use crate::error::ControlError;
use crate::spec::TenantSpec;
use rookery_domain::Secret;
use rookery_domain::id::{ApiKeyId, TenantId};
use rookery_domain::ports::control::{TenantChange, TenantState};
use rookery_domain::tenant::Tenant;
use std::collections::{BTreeMap, BTreeSet};

/// What is stored about the tenant.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The tenant, if there is one.
    pub state: Option<TenantState>,
    /// Its secrets by name.
    pub vault: BTreeMap<String, Secret>,
    /// Stored keys whose text is the one in the file.
    pub matching_keys: BTreeSet<ApiKeyId>,
    /// The stored form of the built-in web channel's settings when nothing is set.
    pub web_settings: serde_json::Value,
}

/// What is to be saved, and what is printed once it is.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The change; `None` when all is as it should be.
    pub change: Option<TenantChange>,
    /// What is printed.
    pub outcome: Outcome,
}

/// Plans the change from what is stored to what the file says.
pub fn plan(spec: &TenantSpec, facts: &Facts, means: Means<'_>) -> Result<Planned, ControlError> {
    let mut draft = plan_tenant(spec, facts, means);
    let tenant_id = draft.change.tenant.id;
    draft.secrets(
        &facts.vault,
        "llm/",
        spec.secrets.iter().map(|(name, secret)| (name.clone(), &secret.0)),
    );
    let all_agents = plan_agents(&mut draft, spec, facts.state.as_ref());
    let connections = plan_connections(&mut draft, spec, facts, &all_agents);
    let api_keys = plan_keys(&mut draft, spec, facts)?;
    let Draft { change, notes, faults, .. } = draft;
    faults.or(())?;
    let applied = Applied {
        tenant: AppliedTenant { id: tenant_id, slug: spec.tenant.slug.clone() },
        agents: all_agents
            .into_iter()
            .filter(|(slug, _)| spec.agents.iter().any(|agent| agent.slug == *slug))
            .map(|(slug, id)| (slug, super::applied::AppliedAgent { id }))
            .collect(),
        connections,
        api_keys,
    };
    let changed = !change.audit.is_empty();
    Ok(Planned { change: changed.then_some(change), outcome: Outcome { applied, changed, notes } })
}

fn plan_tenant<'a>(spec: &TenantSpec, facts: &Facts, means: Means<'a>) -> Draft<'a> {
    let stored = facts.state.as_ref().map(|state| &state.tenant);
    let wanted = Tenant {
        id: stored.map_or_else(|| TenantId::generate(means.ids), |tenant| tenant.id),
        slug: spec.tenant.slug.clone(),
        name: spec.tenant.name.clone(),
        plan: spec.tenant.plan.clone(),
        limits: spec.limits,
        version: stored.map_or(0, |tenant| tenant.version),
    };
    let mut draft = Draft::new(means, wanted.clone());
    let details = serde_json::json!({ "plan": wanted.plan, "limits": wanted.limits });
    match stored {
        None => draft.record("tenant.created", &wanted.slug, details),
        Some(stored) if *stored != wanted => {
            draft.record("tenant.changed", &wanted.slug, details);
        }
        Some(_) => {}
    }
    draft
}
