//! `POST /v1/chat/completions`.

use super::assembly::Assembly;
use super::collect::{Collecting, Step};
use super::request::{CompletionRequest, Prompt};
use super::shape::Identity;
use super::stream::stream;
use crate::auth::{Access, Caller};
use crate::feed::RunFeed;
use crate::frame::{IdempotencyKey, Problem, parse_json, read_body, require_json};
use crate::state::AppState;
use crate::submission::{find_agent, submit};
use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use rookery_domain::agent::Agent;
use rookery_domain::api_key::Scope;
use rookery_domain::ports::Submission;

/// Answers a conversation that the client keeps.
pub(crate) async fn complete(
    State(state): State<AppState>,
    caller: Caller,
    IdempotencyKey(idempotency_key): IdempotencyKey,
    request: Request,
) -> Result<Response, Problem> {
    caller.require(&[Scope::Chat])?;
    let mut completion = read(&state, request).await?;
    let prompt = completion.prompt()?;
    let agent = find_model(&state, &caller, &completion.model).await?;
    let permit =
        state.memory.streams.clone().try_acquire_owned().map_err(|_full| {
            Problem::busy("too many runs are watched", state.settings.retry_after)
        })?;
    let prompt_tokens = prompt.estimated_tokens();
    let Prompt { text, history } = prompt;
    let submission = Submission {
        tenant_id: caller.tenant,
        agent_id: agent.id,
        session: None,
        contact: completion.user.take(),
        text,
        idempotency_key,
        history: Some(history),
    };
    let submitted = submit(&state, submission).await?;
    let identity =
        Identity::new(submitted.run_id, state.ports.clock.now(), completion.model.clone());
    let place = (submitted.run_id, submitted.session_id);
    let collecting = Collecting {
        feed: RunFeed::watch(&state, caller.tenant, place, 0),
        access: Access::by_caller(caller),
        assembly: Assembly::default(),
        prompt_tokens,
        held: None,
        _permit: permit,
        state,
    };
    if completion.wants_stream() {
        stream(collecting, identity, completion.wants_usage()).await
    } else {
        whole(collecting, &identity).await
    }
}

async fn read(state: &AppState, request: Request) -> Result<CompletionRequest, Problem> {
    let (parts, body) = request.into_parts();
    require_json(&parts.headers)?;
    let settings = &state.settings;
    let bytes = read_body(
        &parts.headers,
        body,
        settings.completion_body_bytes_max,
        settings.body_read_timeout,
    )
    .await?;
    parse_json(&bytes)
}

/// The agent that a model name stands for.
pub(super) async fn find_model(
    state: &AppState,
    caller: &Caller,
    model: &str,
) -> Result<Agent, Problem> {
    find_agent(state, caller.tenant, model).await.map_err(|problem| {
        if problem.is_not_found() {
            Problem::not_found("model: use the slug of one of your agents")
                .at("model")
                .coded("model_not_found")
        } else {
            problem
        }
    })
}

async fn whole(mut collecting: Collecting, identity: &Identity) -> Result<Response, Problem> {
    loop {
        if let Step::Done(usage) = collecting.step().await? {
            let text = collecting.assembly.text();
            return Ok(Json(identity.completion(text, usage)).into_response());
        }
    }
}
