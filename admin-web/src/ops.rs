//! What operators and orchestrators ask, on a listener of its own that is not public.

use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::get;
use http::{StatusCode, header};
use std::sync::Arc;
use tokio::sync::watch;

#[derive(Clone)]
struct Ops {
    readiness: watch::Receiver<bool>,
    render: Arc<dyn Fn() -> String + Send + Sync>,
}

/// `/livez`: the process answers. `/readyz`: it can take work (503 while it starts, drains or has
/// lost its store). `/metrics`: Prometheus text.
pub fn ops_router(
    readiness: watch::Receiver<bool>,
    render: Arc<dyn Fn() -> String + Send + Sync>,
) -> Router {
    Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(Ops { readiness, render })
}

async fn readyz(State(ops): State<Ops>) -> impl IntoResponse {
    if *ops.readiness.borrow() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}

async fn metrics(State(ops): State<Ops>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], (ops.render)())
}
