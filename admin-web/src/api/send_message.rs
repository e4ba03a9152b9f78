//! `POST /api/v1/agents/{agent}/messages`.

use crate::auth::Caller;
use crate::frame::{ApiJson, IdempotencyKey, Problem, acknowledged};
use crate::state::AppState;
use crate::submission::{find_agent, submit};
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use rookery_domain::api_key::Scope;
use rookery_domain::id::{InboxId, SessionId};
use rookery_domain::ports::Submission;
use serde::{Deserialize, Serialize};

/// What a client sends. A field we do not know is a mistake or an attempt, never ignored.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMessage {
    text: String,
    session: Option<String>,
    contact: Option<String>,
}

/// What it gets.
#[derive(Debug, Serialize)]
struct Accepted {
    run_id: InboxId,
    session_id: SessionId,
}

/// Takes a message. 202 means: it is durable, and the run's events can be streamed.
pub(crate) async fn send_message(
    State(state): State<AppState>,
    caller: Caller,
    Path(agent): Path<String>,
    IdempotencyKey(idempotency_key): IdempotencyKey,
    ApiJson(message): ApiJson<NewMessage>,
) -> Result<Response, Problem> {
    caller.require(&[Scope::Chat])?;
    let agent = find_agent(&state, caller.tenant, &agent).await?;
    let submission = Submission {
        tenant_id: caller.tenant,
        agent_id: agent.id,
        session: message.session,
        contact: message.contact,
        text: message.text,
        idempotency_key,
        history: None,
    };
    let submitted = submit(&state, submission).await?;
    let location = format!("/api/v1/runs/{}/events", submitted.run_id);
    let accepted = Accepted { run_id: submitted.run_id, session_id: submitted.session_id };
    let replayed = if submitted.duplicate { "true" } else { "false" };
    let headers = [
        (header::LOCATION, location),
        (http::HeaderName::from_static("idempotent-replayed"), replayed.to_owned()),
    ];
    Ok(acknowledged((StatusCode::ACCEPTED, headers, Json(accepted)).into_response()))
}
