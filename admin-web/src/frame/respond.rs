//! The outermost layer: gives every request its id and every response its headers, renders
//! refusals, counts and times.

use super::problem::Problem;
use super::render::render;
use super::request_id::{REQUEST_ID, RequestId};
use crate::state::AppState;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use tokio::time::Instant;

const SECURITY_HEADERS: [(HeaderName, HeaderValue); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (
        header::REFERRER_POLICY,
        // Not `no-referrer`: browsers then send our own forms with `Origin: null`.
        HeaderValue::from_static("same-origin"),
    ),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
];

/// Wraps every route.
pub(crate) async fn respond(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let id = RequestId::of(request.headers(), state.ports.ids.as_ref());
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |matched| matched.as_str().to_owned());

    let mut response = next.run(request).await;
    if let Some(problem) = problem_of(&mut response) {
        log(&problem, &route, id.as_str());
        let allow = response.headers().get(header::ALLOW).cloned();
        response = render(&problem, &path, id.as_str());
        if let Some(allow) = allow {
            response.headers_mut().insert(header::ALLOW, allow);
        }
    }
    add_headers(response.headers_mut(), id.header());
    record(&method, route, &response, started);
    response
}

/// The refusal behind a response; a library's own one (a path that is not UTF-8, an upgrade that
/// is none) is told from ours by its plain text.
fn problem_of(response: &mut Response) -> Option<Problem> {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        return Some(problem);
    }
    let status = response.status();
    let refused = status.is_client_error() || status.is_server_error();
    let plain = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"text/plain"));
    (refused && plain).then(|| {
        let reason = status.canonical_reason().unwrap_or("refused");
        Problem::of_status(status, reason.to_lowercase())
    })
}

fn add_headers(headers: &mut HeaderMap, id: HeaderValue) {
    headers.insert(REQUEST_ID, id);
    for (name, value) in SECURITY_HEADERS {
        headers.entry(name).or_insert(value);
    }
}

fn log(problem: &Problem, route: &str, request_id: &str) {
    if !problem.status.is_server_error() {
        return;
    }
    tracing::warn!(
        request.id = request_id,
        http.route = route,
        http.status = problem.status.as_u16(),
        code = problem.code,
        cause = problem.cause.as_deref().unwrap_or(&problem.detail),
        "request failed"
    );
}

fn record(method: &Method, route: String, response: &Response, started: Instant) {
    // Methods are a closed set here: an invented one must not make a new series.
    let method = match *method {
        Method::GET | Method::HEAD => "read",
        Method::POST => "write",
        _ => "other",
    };
    let status = response.status().as_str().to_owned();
    metrics::counter!("rookery_http_requests_total",
        "route" => route.clone(), "method" => method, "status" => status)
    .increment(1);
    metrics::histogram!("rookery_http_request_duration_seconds",
        "route" => route, "method" => method)
    .record(started.elapsed().as_secs_f64());
}
