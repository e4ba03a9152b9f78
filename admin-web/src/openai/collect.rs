//! A run watched for a completion, event by event.

use super::assembly::Assembly;
use super::notice::problem_of_notice;
use crate::auth::Access;
use crate::feed::{FeedBody, FeedEvent, RunFeed, TokenCounts};
use crate::frame::Problem;
use crate::state::AppState;
use rookery_domain::ErrorKind;
use rookery_domain::inbox::Outcome;
use rookery_domain::model::estimate_tokens;
use tokio::sync::OwnedSemaphorePermit;

/// A completion in the making.
#[derive(Debug)]
pub(super) struct Collecting {
    pub(super) state: AppState,
    pub(super) feed: RunFeed,
    pub(super) access: Access,
    pub(super) assembly: Assembly,
    /// The estimate that stands in for the model's own count where that is not known.
    pub(super) prompt_tokens: u64,
    /// Came in and was not given out yet.
    pub(super) held: Option<FeedEvent>,
    pub(super) _permit: OwnedSemaphorePermit,
}

/// What an event means to a completion.
#[derive(Debug)]
pub(super) enum Step {
    /// The text grew by this, possibly nothing.
    Grew(String),
    /// It is complete.
    Done(TokenCounts),
}

impl Collecting {
    /// The next step. Dropping it loses nothing.
    ///
    /// # Errors
    /// The run's notice, 401 once the key is revoked, 503 when the process ends, 504 after the
    /// longest wait.
    pub(super) async fn step(&mut self) -> Result<Step, Problem> {
        if self.held.is_none() {
            self.held = tokio::select! {
                biased;
                () = self.state.drained() => {
                    let after = self.state.settings.retry_after;
                    return Err(Problem::busy("this process is restarting", after));
                }
                event = self.feed.next() => event,
            };
        }
        if !self.access.still_holds(&self.state).await {
            return Err(Problem::unauthorized("this access has ended"));
        }
        let event = self
            .held
            .take()
            .ok_or_else(|| Problem::new(ErrorKind::Timeout, "the run took too long").finally())?;
        self.take(event)
    }

    fn take(&mut self, event: FeedEvent) -> Result<Step, Problem> {
        match event.body {
            FeedBody::Delta { text } => Ok(Step::Grew(self.assembly.grow(&text))),
            FeedBody::Message { text } => Ok(Step::Grew(self.assembly.finish(&text))),
            FeedBody::Error { code, text } => Err(problem_of_notice(&code, &text)),
            FeedBody::Done { outcome, .. } if outcome == Outcome::Dead.as_str() => {
                Err(Problem::new(ErrorKind::Internal, "the message could not be processed")
                    .coded("run_failed")
                    .finally())
            }
            FeedBody::Done { usage, .. } => Ok(Step::Done(usage.unwrap_or(TokenCounts {
                input_tokens: self.prompt_tokens,
                output_tokens: estimate_tokens(self.assembly.text()),
            }))),
        }
    }
}
