//! `GET /v1/models` and `GET /v1/models/{model}`: the tenant's agents.

use super::complete::find_model;
use crate::auth::Caller;
use crate::frame::Problem;
use crate::state::AppState;
use axum::Json;
use axum::extract::{Path, State};
use rookery_domain::agent::Agent;
use rookery_domain::api_key::Scope;
use serde_json::{Value, json};

/// Bits of a `UUIDv7` below its time of creation, which is in milliseconds.
const UUID_BITS_BELOW_TIME: u32 = 80;

/// Lists the agents as models.
pub(crate) async fn list_models(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Value>, Problem> {
    caller.require(&[Scope::Chat, Scope::Read])?;
    let mut agents = state.ports.directory.agents(caller.tenant).await?;
    agents.sort_by(|left, right| left.slug.cmp(&right.slug));
    let data: Vec<_> = agents.iter().map(model).collect();
    Ok(Json(json!({"object": "list", "data": data})))
}

/// One agent as a model.
pub(crate) async fn retrieve_model(
    State(state): State<AppState>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<Value>, Problem> {
    caller.require(&[Scope::Chat, Scope::Read])?;
    Ok(Json(model(&find_model(&state, &caller, &name).await?)))
}

fn model(agent: &Agent) -> Value {
    let created_ms = agent.id.as_uuid().as_u128() >> UUID_BITS_BELOW_TIME;
    let created = u64::try_from(created_ms / 1_000).unwrap_or(0);
    json!({"id": agent.slug, "object": "model", "created": created, "owned_by": "rookery"})
}
