//! `GET /ws/chat`: what is decided before the connection becomes a socket.

use super::conversation::converse;
use super::greeting::Visitor;
use crate::auth::{Origin, Peer, origin_of, sign_in_of};
use crate::frame::Problem;
use crate::state::AppState;
use axum::extract::rejection::QueryRejection;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use http::HeaderMap;
use serde::Deserialize;

/// A socket costs this much while nothing is said; the library's own default is 128 KiB.
const READ_BUFFER_BYTES: usize = 8 * 1024;

/// Every frame is flushed by itself, so there is nothing to collect.
const WRITE_BUFFER_BYTES: usize = 0;

/// With whom.
#[derive(Debug, Deserialize)]
pub(crate) struct Target {
    agent: String,
}

/// Opens a web chat socket. A page of another origin gets no further than this, unless some agent
/// allows it; whether it is the right one shows with the first frame.
pub(crate) async fn open_socket(
    State(state): State<AppState>,
    peer: Peer,
    target: Result<Query<Target>, QueryRejection>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let upgrade = upgrade.map_err(|_not_one| Problem::upgrade_required())?;
    let origin = origin_of(&headers, &state.settings.public_url)?;
    if let Origin::Foreign(foreign) = &origin
        && !state.memory.origins.may_be_allowed(&state, foreign).await?
    {
        return Err(Problem::forbidden("no agent allows this origin").coded("origin_not_allowed"));
    }
    let Query(target) =
        target.map_err(|_bad_query| Problem::invalid("which agent? add ?agent=…"))?;
    let permit =
        state.memory.sockets.clone().try_acquire_owned().map_err(|_full| {
            Problem::busy("too many sockets are open", state.settings.retry_after)
        })?;
    let sign_in = match origin {
        Origin::Own => sign_in_of(&state, &headers).await,
        Origin::Foreign(_) => None,
    };
    let visitor = Visitor { peer, origin, sign_in, agent: target.agent };
    let frame_bytes_max = state.settings.socket_frame_bytes_max;
    Ok(upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_frame_size(frame_bytes_max)
        .max_message_size(frame_bytes_max)
        .on_upgrade(move |socket| async move {
            converse(state, visitor, socket).await;
            drop(permit);
        }))
}
