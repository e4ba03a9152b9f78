//! The server's side.

use super::wire::{KeyRequest, OfTenant, Refusal, Status};
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures::future::BoxFuture;
use rookery_control::{
    Control, ControlError, DeadLetter, DeadLetterId, MadeKey, Outcome, Replayed, TenantSpec,
};
use rookery_domain::id::TenantId;
use std::sync::Arc;

/// Dead letters listed when nobody says how many.
const LISTED_DEFAULT: u32 = 100;

/// Tells the running system that a tenant changed.
pub type Changed = Arc<dyn Fn(TenantId) + Send + Sync>;
/// Says how the server is.
pub type StatusSource = Arc<dyn Fn() -> BoxFuture<'static, Status> + Send + Sync>;

/// What the admin socket works on.
#[derive(Clone)]
pub struct AdminState {
    /// The use cases.
    pub control: Control,
    /// Called after every change of a tenant's configuration.
    pub changed: Changed,
    /// Called when a row of a tenant waits to be processed or sent again.
    pub replayed: Changed,
    /// How the server is.
    pub status: StatusSource,
    /// Largest body, in bytes.
    pub body_bytes_max: usize,
}

impl std::fmt::Debug for AdminState {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("AdminState").finish_non_exhaustive()
    }
}

/// The routes.
pub fn router(state: AdminState) -> Router {
    let limit = DefaultBodyLimit::max(state.body_bytes_max);
    Router::new()
        .route("/status", get(status))
        .route("/apply", post(apply))
        .route("/keys", post(create_key))
        .route("/dead-letters", get(dead_letters))
        .route("/dead-letters/{id}/replay", post(replay))
        .layer(limit)
        .with_state(state)
}

async fn status(State(state): State<AdminState>) -> Json<Status> {
    Json((state.status)().await)
}

async fn apply(
    State(state): State<AdminState>,
    Json(spec): Json<TenantSpec>,
) -> Result<Json<Outcome>, Refused> {
    let outcome = state.control.apply(&spec).await?;
    if outcome.changed {
        tracing::info!(tenant.id = %outcome.applied.tenant.id, "tenant applied");
        (state.changed)(outcome.applied.tenant.id);
    }
    Ok(Json(outcome))
}

async fn create_key(
    State(state): State<AdminState>,
    Json(request): Json<KeyRequest>,
) -> Result<Json<MadeKey>, Refused> {
    let made = state.control.create_key(&request.tenant, &request.slug, &request.scopes).await?;
    (state.changed)(made.tenant_id);
    Ok(Json(made))
}

async fn dead_letters(
    State(state): State<AdminState>,
    Query(query): Query<OfTenant>,
) -> Result<Json<Vec<DeadLetter>>, Refused> {
    let limit = query.limit.unwrap_or(LISTED_DEFAULT);
    let letters = state.control.dead_letters(query.tenant.as_deref(), limit).await?;
    Ok(Json(letters))
}

async fn replay(
    State(state): State<AdminState>,
    Path(id): Path<DeadLetterId>,
    Query(query): Query<OfTenant>,
) -> Result<Json<Option<Replayed>>, Refused> {
    let replayed = state.control.replay(query.tenant.as_deref(), id).await?;
    if let Some(replayed) = replayed {
        (state.replayed)(replayed.tenant_id);
    }
    Ok(Json(replayed))
}

struct Refused(ControlError);

impl From<ControlError> for Refused {
    fn from(error: ControlError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.kind().http_status())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let refusal = match self.0 {
            ControlError::Faults(faults) => Refusal::Faults(faults),
            other => Refusal::Error(other.to_string()),
        };
        (status, Json(refusal)).into_response()
    }
}
