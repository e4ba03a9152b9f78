//! The events of one run, from wherever the client was to its end.

use super::durable::{ending, session_of};
use super::event::{FeedBody, FeedEvent};
use crate::frame::Problem;
use crate::state::AppState;
use futures::StreamExt;
use rookery_domain::id::{InboxId, SessionId, TenantId};
use rookery_domain::live::LiveStream;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// How soon after the end of a live stream it is opened again.
const REOPEN_AFTER: Duration = Duration::from_millis(250);

/// One run's events. Ends after its `done` or `error`, or after the longest wait.
pub(crate) struct RunFeed {
    state: AppState,
    tenant: TenantId,
    run: InboxId,
    session: SessionId,
    live: Option<LiveStream>,
    /// The highest number that was given out or that the client had.
    position: i64,
    ready: VecDeque<FeedEvent>,
    ended: bool,
    check_due: bool,
    next_check: Instant,
    deadline: Instant,
}

impl std::fmt::Debug for RunFeed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("RunFeed")
            .field("run", &self.run)
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

impl RunFeed {
    /// Watches a run after a number.
    ///
    /// # Errors
    /// 404 if it is not a run of this tenant over our own API, 503 without a store.
    pub(crate) async fn open(
        state: &AppState,
        tenant: TenantId,
        run: InboxId,
        after: i64,
    ) -> Result<Self, Problem> {
        let row = state.ports.inbox.find(tenant, run).await?;
        let session = row.as_ref().and_then(session_of).ok_or_else(|| Problem::not_found("run"))?;
        Ok(Self::watch(state, tenant, (run, session), after))
    }

    /// Watches a run that was submitted just now.
    pub(crate) fn watch(
        state: &AppState,
        tenant: TenantId,
        (run, session): (InboxId, SessionId),
        after: i64,
    ) -> Self {
        let now = Instant::now();
        Self {
            tenant,
            run,
            session,
            live: Some(state.ports.live.subscribe(session, after)),
            position: after,
            ready: VecDeque::new(),
            ended: false,
            // It may have ended before we subscribed.
            check_due: true,
            next_check: now,
            deadline: now + state.settings.run_wait_max,
            state: state.clone(),
        }
    }

    /// The next event; `None` at the end. May be dropped at any await without losing anything.
    pub(crate) async fn next(&mut self) -> Option<FeedEvent> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                self.position = self.position.max(event.seq);
                return Some(event);
            }
            if self.ended || Instant::now() >= self.deadline {
                return None;
            }
            if self.check_due {
                self.check().await;
                self.check_due = false;
                continue;
            }
            tokio::select! {
                event = next_of(&mut self.live) => self.take(event.map(FeedEvent::from)),
                () = sleep_until(self.next_check) => self.check_due = true,
            }
        }
    }

    fn take(&mut self, event: Option<FeedEvent>) {
        let Some(event) = event else {
            self.live = None;
            self.next_check = Instant::now() + REOPEN_AFTER;
            return;
        };
        if !event.runs.contains(&self.run) {
            return;
        }
        if event.is_end() {
            self.ended = true;
        } else if event.seq <= self.position {
            return;
        }
        self.ready.push_back(event);
    }

    /// Asks the store whether the run has ended, and opens the live stream again if it is gone.
    async fn check(&mut self) {
        self.next_check = Instant::now() + self.state.settings.run_recheck_every;
        match ending(&self.state, self.tenant, self.run).await {
            Ok(Some(ending)) => {
                let rows = ending.replies.iter().map(FeedEvent::of_row);
                let missed: Vec<_> = rows.filter(|event| event.seq > self.position).collect();
                let told_by_notice = missed.last().is_some_and(FeedEvent::is_end);
                let last = missed.last().map_or(self.position, |event| event.seq);
                self.ready.extend(missed);
                if !told_by_notice {
                    self.ready.push_back(FeedEvent {
                        seq: last.saturating_add(1),
                        runs: vec![self.run],
                        body: FeedBody::Done {
                            outcome: ending.outcome.as_str().to_owned(),
                            usage: None,
                        },
                    });
                }
                self.ended = true;
            }
            Ok(None) if self.live.is_none() => {
                self.live = Some(self.state.ports.live.subscribe(self.session, self.position));
            }
            Ok(None) => {}
            // The client keeps what it has; the next look may succeed.
            Err(error) => tracing::debug!(error = %error, run.id = %self.run, "run not looked up"),
        }
    }
}

/// The next live event; never resolves while there is no stream.
pub(super) async fn next_of(
    live: &mut Option<LiveStream>,
) -> Option<rookery_domain::live::LiveEvent> {
    match live {
        Some(stream) => stream.next().await,
        None => std::future::pending().await,
    }
}
