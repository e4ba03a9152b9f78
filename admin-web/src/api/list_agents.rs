//! `GET /api/v1/agents`.

use crate::auth::Caller;
use crate::frame::Problem;
use crate::state::AppState;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use rookery_domain::agent::Agent;
use rookery_domain::api_key::Scope;
use rookery_domain::id::AgentId;
use serde::{Deserialize, Serialize};

const PAGE_DEFAULT: usize = 50;
const PAGE_MAX: usize = 200;

/// Which page.
#[derive(Debug, Deserialize)]
pub(crate) struct Paging {
    cursor: Option<String>,
    limit: Option<usize>,
}

/// A page of agents, by slug.
#[derive(Debug, Serialize)]
pub(crate) struct AgentPage {
    data: Vec<AgentSummary>,
    next_cursor: Option<String>,
}

#[derive(Debug, Serialize)]
struct AgentSummary {
    id: AgentId,
    slug: String,
    name: String,
    revision: i64,
}

/// Lists the caller's agents.
pub(crate) async fn list_agents(
    State(state): State<AppState>,
    caller: Caller,
    paging: Result<Query<Paging>, QueryRejection>,
) -> Result<Json<AgentPage>, Problem> {
    caller.require(&[Scope::Chat, Scope::Read])?;
    let Query(paging) = paging
        .map_err(|_bad_query| Problem::invalid("limit is a number, cursor a text").at("limit"))?;
    let limit = paging.limit.unwrap_or(PAGE_DEFAULT);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(Problem::invalid(format!("limit must be 1 to {PAGE_MAX}")).at("limit"));
    }
    let mut agents = state.ports.directory.agents(caller.tenant).await?;
    agents.sort_by(|left, right| left.slug.cmp(&right.slug));
    // The cursor is the last slug of the page before: it holds when agents come and go.
    let mut rest = agents
        .into_iter()
        .filter(|agent| paging.cursor.as_ref().is_none_or(|cursor| agent.slug > *cursor));
    let data: Vec<_> = rest.by_ref().take(limit).map(summary).collect();
    let next_cursor = rest.next().and_then(|_| data.last().map(|agent| agent.slug.clone()));
    Ok(Json(AgentPage { data, next_cursor }))
}

fn summary(agent: Agent) -> AgentSummary {
    AgentSummary {
        id: agent.id,
        slug: agent.slug,
        name: agent.profile.name,
        revision: agent.revision,
    }
}
