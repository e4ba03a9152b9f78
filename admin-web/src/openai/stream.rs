//! A completion as server-sent events.

use super::collect::{Collecting, Step};
use super::shape::Identity;
use crate::frame::{Problem, openai_error};
use axum::response::sse::{Event, KeepAlive};
use axum::response::{IntoResponse, Response, Sse};
use futures::Stream;
use http::{HeaderValue, header};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;
use tokio::time::timeout;

/// How long the status line waits for the first event, so that an early failure gets a status of
/// its own; afterwards the client should see that somebody is working.
const STATUS_WAIT: Duration = Duration::from_secs(10);

struct Streaming {
    collecting: Collecting,
    identity: Identity,
    with_usage: bool,
    ready: VecDeque<Event>,
    finished: bool,
}

/// Streams a completion.
///
/// # Errors
/// What the run fails with before anything was said.
pub(super) async fn stream(
    mut collecting: Collecting,
    identity: Identity,
    with_usage: bool,
) -> Result<Response, Problem> {
    let first = match timeout(STATUS_WAIT, collecting.step()).await {
        Ok(first) => Some(first?),
        Err(_elapsed) => None,
    };
    let keep_alive = KeepAlive::new().interval(collecting.state.settings.stream_keep_alive);
    let mut streaming = Streaming {
        ready: VecDeque::from([event(&identity.role_chunk())]),
        collecting,
        identity,
        with_usage,
        finished: false,
    };
    if let Some(step) = first {
        streaming.take(Ok(step));
    }
    let mut response = Sse::new(events(streaming)).keep_alive(keep_alive).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn events(streaming: Streaming) -> impl Stream<Item = Result<Event, Infallible>> {
    futures::stream::unfold(streaming, |mut streaming| async move {
        loop {
            if let Some(event) = streaming.ready.pop_front() {
                return Some((Ok(event), streaming));
            }
            if streaming.finished {
                return None;
            }
            let step = streaming.collecting.step().await;
            streaming.take(step);
        }
    })
}

impl Streaming {
    fn take(&mut self, step: Result<Step, Problem>) {
        match step {
            Ok(Step::Grew(text)) if text.is_empty() => {}
            Ok(Step::Grew(text)) => self.ready.push_back(event(&self.identity.text_chunk(&text))),
            Ok(Step::Done(usage)) => {
                self.ready.push_back(event(&self.identity.last_chunk()));
                if self.with_usage {
                    self.ready.push_back(event(&self.identity.usage_chunk(usage)));
                }
                self.ready.push_back(Event::default().data("[DONE]"));
                self.finished = true;
            }
            Err(problem) => {
                self.ready.push_back(event(&openai_error(&problem)));
                self.finished = true;
            }
        }
    }
}

fn event(document: &serde_json::Value) -> Event {
    Event::default().data(document.to_string())
}
