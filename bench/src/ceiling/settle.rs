//! As much durable work as an ignored update costs: stored under row security and acknowledged, then
//! given its outcome.

use super::batch::Writer;
use super::statements::{Cell, Part};
use super::update::{Update, now_ms};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use uuid::Uuid;

#[derive(Clone)]
struct Program {
    writer: Writer,
    tenant: Uuid,
}

pub(super) fn router(writer: Writer, tenant: Uuid) -> Router {
    Router::new().route("/hooks/telegram/{id}", post(take)).with_state(Program { writer, tenant })
}

async fn take(State(program): State<Program>, body: Bytes) -> StatusCode {
    let Ok(update) = serde_json::from_slice::<Update>(&body) else {
        return StatusCode::BAD_REQUEST;
    };
    let id = |value: Uuid| Cell::Uuid(Some(value));
    let (tenant, inbox, at) = (program.tenant, Uuid::now_v7(), Cell::Int(now_ms()));
    let key = Cell::Text(Some(format!("u:{}", update.update_id)));
    let stored = vec![
        (Part::Inbox, vec![id(tenant), id(inbox), key, Cell::Bytes(body), at.clone()]),
        (Part::Wake, vec![id(tenant), at.clone()]),
    ];
    if program.writer.rows(stored, None).await.is_err() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    tokio::spawn(async move {
        let settled = vec![id(tenant), id(inbox), Cell::Uuid(None), at];
        if let Err(error) = program.writer.rows(vec![(Part::Settlements, settled)], None).await {
            crate::progress::say(&format!("a bare settlement failed: {error:#}"));
        }
    });
    StatusCode::OK
}
