//! `GET /api/v1/sessions/{session}/messages`.

use crate::auth::Caller;
use crate::frame::Problem;
use crate::state::AppState;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use rookery_domain::api_key::Scope;
use rookery_domain::id::{MessageId, SessionId};
use rookery_domain::message::Author;
use rookery_domain::session::Message;
use serde::{Deserialize, Serialize};

const PAGE_DEFAULT: u32 = 50;
const PAGE_MAX: u32 = 200;

/// How much.
#[derive(Debug, Deserialize)]
pub(crate) struct Newest {
    limit: Option<u32>,
}

/// The newest messages of a session's present context, oldest first.
#[derive(Debug, Serialize)]
pub(crate) struct Transcript {
    data: Vec<TranscriptLine>,
}

#[derive(Debug, Serialize)]
struct TranscriptLine {
    id: MessageId,
    seq: i64,
    author: Author,
    text: String,
    created_at: String,
}

/// Reads a session's context.
pub(crate) async fn list_messages(
    State(state): State<AppState>,
    caller: Caller,
    Path(session): Path<String>,
    newest: Result<Query<Newest>, QueryRejection>,
) -> Result<Json<Transcript>, Problem> {
    caller.require(&[Scope::Read])?;
    let unknown = || Problem::not_found("session");
    let session: SessionId = session.parse().map_err(|_not_an_id| unknown())?;
    let Query(newest) =
        newest.map_err(|_bad_query| Problem::invalid("limit is a number").at("limit"))?;
    let limit = newest.limit.unwrap_or(PAGE_DEFAULT);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(Problem::invalid(format!("limit must be 1 to {PAGE_MAX}")).at("limit"));
    }
    state.ports.turns.session(caller.tenant, session).await?.ok_or_else(unknown)?;
    let messages = state.ports.turns.history(caller.tenant, session, limit).await?;
    Ok(Json(Transcript { data: messages.into_iter().map(line).collect() }))
}

fn line(message: Message) -> TranscriptLine {
    TranscriptLine {
        id: message.id,
        seq: message.seq,
        author: message.author,
        text: message.text,
        created_at: message.created_at.to_rfc3339(),
    }
}
