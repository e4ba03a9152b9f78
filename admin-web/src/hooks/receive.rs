//! `POST /hooks/{channel}/{connection_id}`.

use crate::frame::{Problem, acknowledged, read_body};
use crate::state::AppState;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use rookery_domain::channel::ChannelKind;
use rookery_domain::id::ConnectionId;
use rookery_domain::ports::RawRequest;

/// Takes one delivery. 200 with an empty body means: everything in it is durable.
pub(crate) async fn receive(
    State(state): State<AppState>,
    Path((channel, connection)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let unknown = || Problem::not_found("connection");
    let channel: ChannelKind = channel.parse().map_err(|_not_an_id| unknown())?;
    let connection: ConnectionId = connection.parse().map_err(|_not_an_id| unknown())?;
    let (parts, body) = request.into_parts();
    let settings = &state.settings;
    let body =
        read_body(&parts.headers, body, settings.hook_body_bytes_max, settings.body_read_timeout)
            .await?;
    let raw = RawRequest { headers: raw_headers(&parts.headers), body };
    state.ports.ingestion.hook(&channel, connection, raw).await?;
    Ok(acknowledged(StatusCode::OK.into_response()))
}

fn raw_headers(headers: &HeaderMap) -> Vec<(String, Bytes)> {
    headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), Bytes::copy_from_slice(value.as_bytes())))
        .collect()
}
