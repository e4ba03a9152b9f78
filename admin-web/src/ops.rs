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

#[cfg(test)]
mod tests {
    use super::ops_router;
    use axum::body::{Body, to_bytes};
    use http::{Request, StatusCode};
    use std::sync::Arc;
    use tokio::sync::watch;
    use tower::ServiceExt;

    #[tokio::test]
    async fn readiness_follows_its_sender_and_liveness_does_not() {
        let ready = watch::Sender::new(false);
        let router = ops_router(ready.subscribe(), Arc::new(|| "messages_total 1\n".to_owned()));
        let ask = async |path: &str| {
            let request = Request::builder().uri(path).body(Body::empty()).unwrap();
            let response = router.clone().oneshot(request).await.unwrap();
            let status = response.status();
            let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
            (status, String::from_utf8(body.to_vec()).unwrap())
        };
        assert_eq!(ask("/readyz").await.0, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(ask("/livez").await.0, StatusCode::OK);
        ready.send_replace(true);
        assert_eq!(ask("/readyz").await.0, StatusCode::OK);
        assert_eq!(ask("/metrics").await, (StatusCode::OK, "messages_total 1\n".to_owned()));
    }
}
