//! The table of endpoints: the router and the API's reference are both made from it.

use crate::api::{list_agents, list_messages, send_message, stream_run};
use crate::frame::{Problem, respond};
use crate::hooks::receive;
use crate::openai::{complete, list_models, retrieve_model};
use crate::pages::{asset, chat, home, openapi, reference, sign_in, sign_out};
use crate::socket::open_socket;
use crate::state::AppState;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};

/// Who may call an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guard {
    /// Anybody.
    Open,
    /// Whoever signs as the platform does.
    Signature,
    /// Whoever shows an API key, in a header.
    ApiKey,
    /// Whoever shows an API key or a sign-in, in the first frame.
    FirstFrame,
}

/// One endpoint.
#[derive(Debug)]
pub(crate) struct Endpoint {
    /// `get` or `post`.
    pub(crate) method: &'static str,
    /// As the router matches it.
    pub(crate) path: &'static str,
    /// Who may call it.
    pub(crate) guard: Guard,
    /// The name of its request body among the schemas, if it has one.
    pub(crate) body: Option<&'static str>,
    /// Part of the API, not only of our own pages.
    pub(crate) documented: bool,
    /// One line.
    pub(crate) summary: &'static str,
    route: MethodRouter<AppState>,
}

impl Endpoint {
    fn get(path: &'static str, summary: &'static str, route: MethodRouter<AppState>) -> Self {
        Self {
            method: "get",
            path,
            guard: Guard::ApiKey,
            body: None,
            documented: true,
            summary,
            route,
        }
    }

    fn post(path: &'static str, summary: &'static str, route: MethodRouter<AppState>) -> Self {
        Self { method: "post", ..Self::get(path, summary, route) }
    }

    fn guarded_by(self, guard: Guard) -> Self {
        Self { guard, ..self }
    }

    fn taking(self, body: &'static str) -> Self {
        Self { body: Some(body), ..self }
    }

    fn page(self) -> Self {
        Self { documented: false, guard: Guard::Open, ..self }
    }
}

/// Every endpoint there is.
pub(crate) fn endpoints() -> Vec<Endpoint> {
    let mut endpoints = api_endpoints();
    endpoints.extend([
        Endpoint::get("/", "What this is", get(home)).page(),
        Endpoint::get("/chat/{agent}", "The chat page", get(chat)).page(),
        Endpoint::post("/chat/{agent}/sign-in", "Redeem a one-time link", post(sign_in)).page(),
        Endpoint::post("/chat/{agent}/sign-out", "End a sign-in", post(sign_out)).page(),
        Endpoint::get("/assets/{name}", "Script and style sheet", get(asset)).page(),
        Endpoint::get("/docs", "This reference", get(reference)).page(),
        Endpoint::get("/openapi.json", "This reference, for programs", get(openapi)).page(),
    ]);
    endpoints
}

fn api_endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::post(
            "/hooks/{channel}/{connection_id}",
            "Deliver from a chat platform",
            post(receive),
        )
        .guarded_by(Guard::Signature),
        Endpoint::get("/api/v1/agents", "List agents, by slug", get(list_agents)),
        Endpoint::post(
            "/api/v1/agents/{agent}/messages",
            "Send a message; answers 202 with the run once it is durable",
            post(send_message),
        )
        .taking("NewMessage"),
        Endpoint::get(
            "/api/v1/runs/{run}/events",
            "Stream a run's events from after Last-Event-ID to its end",
            get(stream_run),
        ),
        Endpoint::get(
            "/api/v1/sessions/{session}/messages",
            "Read the newest messages of a session",
            get(list_messages),
        ),
        Endpoint::get(
            "/ws/chat",
            "Chat over a WebSocket (?agent=…); say hello first",
            get(open_socket),
        )
        .guarded_by(Guard::FirstFrame),
        Endpoint::post(
            "/v1/chat/completions",
            "Answer a conversation, as OpenAI's API does",
            post(complete),
        )
        .taking("CompletionRequest"),
        Endpoint::get("/v1/models", "List agents, as OpenAI's API lists models", get(list_models)),
        Endpoint::get("/v1/models/{model}", "One agent as a model", get(retrieve_model)),
    ]
}

/// The public listener's router. Serve it with connect info, so that guessing is counted by
/// address.
pub fn router(state: AppState) -> Router {
    endpoints()
        .into_iter()
        .fold(Router::new(), |router, endpoint| router.route(endpoint.path, endpoint.route))
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
        .fallback(|| async { Problem::not_found("path") })
        .layer(from_fn_with_state(state.clone(), respond))
        .with_state(state)
}
