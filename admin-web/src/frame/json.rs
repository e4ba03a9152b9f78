//! JSON bodies of the API.

use super::body::read_body;
use super::problem::Problem;
use crate::state::AppState;
use axum::extract::{FromRequest, Request};
use http::{HeaderMap, header};
use serde::de::DeserializeOwned;

/// Longest description of a JSON fault that is sent back.
const FAULT_CHARACTERS_MAX: usize = 200;

/// A JSON body within the API's limits.
#[derive(Debug)]
pub(crate) struct ApiJson<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<AppState> for ApiJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        require_json(&parts.headers)?;
        let settings = &state.settings;
        let bytes = read_body(
            &parts.headers,
            body,
            settings.api_body_bytes_max,
            settings.body_read_timeout,
        )
        .await?;
        parse_json(&bytes).map(Self)
    }
}

/// A body that a browser can send across sites without asking (`text/plain`, a form) is refused.
pub(crate) fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    let media_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.split(';').next())
        .map(|text| text.trim().to_ascii_lowercase());
    match media_type.as_deref() {
        Some("application/json") => Ok(()),
        Some(other) if other.starts_with("application/") && other.ends_with("+json") => Ok(()),
        _ => Err(Problem::unsupported_media("send application/json")),
    }
}

/// Reads JSON; nesting is bounded by the parser.
pub(crate) fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| {
        let fault: String = error.to_string().chars().take(FAULT_CHARACTERS_MAX).collect();
        Problem::invalid(format!("not the JSON that is expected here: {fault}"))
    })
}
