//! `GET /api/v1/runs/{run}/events`: server-sent events.

use crate::auth::{Access, Caller};
use crate::feed::{EventFrame, FeedEvent, RunFeed};
use crate::frame::Problem;
use crate::state::AppState;
use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive};
use axum::response::{IntoResponse, Response, Sse};
use futures::Stream;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use rookery_domain::api_key::Scope;
use rookery_domain::id::InboxId;
use std::convert::Infallible;
use tokio::sync::OwnedSemaphorePermit;

/// Streams a run from after `Last-Event-ID` to its end. Watching starts nothing, however often.
pub(crate) async fn stream_run(
    State(state): State<AppState>,
    caller: Caller,
    Path(run): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    caller.require(&[Scope::Chat, Scope::Read])?;
    let run: InboxId = run.parse().map_err(|_not_an_id| Problem::not_found("run"))?;
    let after = last_event_id(&headers)?;
    let permit =
        state.memory.streams.clone().try_acquire_owned().map_err(|_full| {
            Problem::busy("too many streams are open", state.settings.retry_after)
        })?;
    let feed = RunFeed::open(&state, caller.tenant, run, after).await?;
    let stream = events(Watching {
        run,
        feed,
        access: Access::by_caller(caller),
        state: state.clone(),
        _permit: permit,
    });
    let keep_alive = KeepAlive::new().interval(state.settings.stream_keep_alive);
    let mut response = Sse::new(stream).keep_alive(keep_alive).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Some reverse proxies collect a response unless they are told not to.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

struct Watching {
    run: InboxId,
    feed: RunFeed,
    access: Access,
    state: AppState,
    _permit: OwnedSemaphorePermit,
}

fn events(watching: Watching) -> impl Stream<Item = Result<Event, Infallible>> {
    futures::stream::unfold(watching, |mut watching| async move {
        let event = tokio::select! {
            biased;
            () = watching.state.drained() => None,
            event = watching.feed.next() => event,
        }?;
        if !watching.access.still_holds(&watching.state).await {
            return None;
        }
        Some((Ok(server_sent(&event, watching.run)), watching))
    })
}

fn server_sent(event: &FeedEvent, run: InboxId) -> Event {
    let frame = EventFrame::new(event, Some(run), None);
    let sent = Event::default().id(event.seq.to_string()).event(frame.kind);
    // Strings and numbers always serialise; an empty `data` would be dropped by clients.
    let data = serde_json::to_string(&frame).unwrap_or_else(|_| "{}".to_owned());
    sent.data(data)
}

fn last_event_id(headers: &HeaderMap) -> Result<i64, Problem> {
    let Some(value) = headers.get("last-event-id") else { return Ok(0) };
    value
        .to_str()
        .ok()
        .and_then(|text| text.trim().parse::<i64>().ok())
        .filter(|seq| *seq >= 0)
        .ok_or_else(|| Problem::invalid("Last-Event-ID is not the id of one of our events"))
}
