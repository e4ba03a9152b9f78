//! A bare handler: read the body, find the key, insert with whoever comes at the same time, answer.

use super::batch::Writer;
use super::update::{Update, now_ms};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use uuid::Uuid;

pub(super) fn router(writer: Writer) -> Router {
    Router::new().route("/hooks/telegram/{id}", post(take)).with_state(writer)
}

async fn take(State(writer): State<Writer>, body: Bytes) -> StatusCode {
    let Ok(update) = serde_json::from_slice::<Update>(&body) else {
        return StatusCode::BAD_REQUEST;
    };
    let key = format!("u:{}", update.update_id);
    match writer.bare(Uuid::now_v7(), key, body, now_ms()).await {
        Ok(()) => StatusCode::OK,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
