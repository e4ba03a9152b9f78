//! Agents: a new one, a new revision of one, or nothing. Agents missing from the file are kept.

use super::draft::Draft;
use crate::spec::TenantSpec;
use rookery_domain::id::{AgentId, RevisionId};
use rookery_domain::ports::control::{AgentChange, TenantState};
use std::collections::BTreeMap;

/// Plans the agents and returns all that the tenant then has, by slug.
pub(super) fn plan_agents(
    draft: &mut Draft<'_>,
    spec: &TenantSpec,
    state: Option<&TenantState>,
) -> BTreeMap<String, AgentId> {
    let stored = state.map_or(&[][..], |state| &state.agents);
    let mut all: BTreeMap<String, AgentId> =
        stored.iter().map(|agent| (agent.slug.clone(), agent.id)).collect();
    for wanted in &spec.agents {
        let current = stored.iter().find(|agent| agent.slug == wanted.slug);
        if current.is_some_and(|agent| agent.profile == wanted.profile) {
            continue;
        }
        let id = current.map_or_else(|| AgentId::generate(draft.means.ids), |agent| agent.id);
        let revision = current.map_or(1, |agent| agent.revision + 1);
        all.insert(wanted.slug.clone(), id);
        draft.change.agents.push(AgentChange {
            id,
            slug: wanted.slug.clone(),
            revision_id: RevisionId::generate(draft.means.ids),
            revision,
            profile: wanted.profile.clone(),
        });
        let details = serde_json::json!({ "agent": id, "revision": revision });
        draft.record("agent.published", &wanted.slug, details);
    }
    all
}
