//! The two shapes of a refusal: RFC 9457 problem documents, and OpenAI's error object under the
//! paths where OpenAI's own client libraries call.

use super::problem::Problem;
use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde_json::json;
use std::time::Duration;

/// Paths below this one answer in OpenAI's shape.
const OPENAI_PREFIX: &str = "/v1/";

/// Header with which OpenAI's client libraries are told whether a repeat makes sense.
const SHOULD_RETRY: &str = "x-should-retry";

pub(super) fn render(problem: &Problem, path: &str, request_id: &str) -> Response {
    let openai = path.starts_with(OPENAI_PREFIX);
    let (media_type, document) = if openai {
        ("application/json", openai_error(problem))
    } else {
        ("application/problem+json", document(problem, request_id))
    };
    let mut response = Response::new(Body::from(document.to_string()));
    *response.status_mut() = problem.status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(after) = problem.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(after)));
    }
    if problem.is_unauthorized() {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if openai && problem.is_final {
        headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
    }
    response
}

fn document(problem: &Problem, request_id: &str) -> serde_json::Value {
    json!({
        "type": format!("urn:rookery:problem:{}", problem.code),
        "title": problem.title,
        "status": problem.status.as_u16(),
        "detail": problem.detail,
        "code": problem.code,
        "request_id": request_id,
    })
}

/// OpenAI's error object, as it also stands inside an event stream.
pub(crate) fn openai_error(problem: &Problem) -> serde_json::Value {
    let (kind, code) = match problem.status {
        StatusCode::UNAUTHORIZED => ("invalid_request_error", "invalid_api_key"),
        StatusCode::FORBIDDEN => ("permission_error", problem.code.as_str()),
        StatusCode::TOO_MANY_REQUESTS => ("rate_limit_error", problem.code.as_str()),
        status if status.is_server_error() => ("server_error", problem.code.as_str()),
        _ => ("invalid_request_error", problem.code.as_str()),
    };
    json!({"error": {
        "message": problem.detail,
        "type": kind,
        "param": problem.parameter,
        "code": code,
    }})
}

/// `Retry-After` knows whole seconds only; never zero, which some clients take for "at once".
pub(super) fn whole_seconds(duration: Duration) -> u64 {
    let rounded_up = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    rounded_up.max(1)
}
