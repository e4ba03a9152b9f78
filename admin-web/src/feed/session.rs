//! The events of one session, for a client that stays connected.

use super::durable::{Ending, ending};
use super::event::{FeedBody, FeedEvent};
use super::run::next_of;
use crate::state::AppState;
use rookery_domain::id::{InboxId, SessionId, TenantId};
use rookery_domain::live::{LiveStream, durable_seq, outbox_seq_of};
use rookery_domain::outbox::OutboxRow;
use rookery_domain::ports::StoreError;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Replies that are read from the store at once.
const ROWS_PER_PAGE: u32 = 100;

/// Ended runs that are remembered, so that their end is told once.
const ENDED_RUNS_MAX: usize = 64;

const REOPEN_AFTER: Duration = Duration::from_millis(250);

/// One session's events after a number. Never ends by itself.
pub(crate) struct SessionFeed {
    state: AppState,
    tenant: TenantId,
    session: SessionId,
    live: Option<LiveStream>,
    /// Where the client began.
    started_after: i64,
    /// The highest number that was given out.
    position: i64,
    /// Replies up to this outbox number were given out.
    read_to: i64,
    ready: VecDeque<FeedEvent>,
    /// Runs whose end the client is waiting for.
    open_runs: Vec<InboxId>,
    answered: RecentRuns,
    ended: RecentRuns,
    read_due: bool,
    next_check: Instant,
}

impl std::fmt::Debug for SessionFeed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("SessionFeed")
            .field("session", &self.session)
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

impl SessionFeed {
    /// Watches a session after a number.
    pub(crate) fn watch(
        state: &AppState,
        tenant: TenantId,
        session: SessionId,
        after: i64,
    ) -> Self {
        Self {
            tenant,
            session,
            live: Some(state.ports.live.subscribe(session, after)),
            started_after: after,
            position: after,
            // The last reply the client saw is read again: its end may not have reached it.
            read_to: outbox_seq_of(after).saturating_sub(1).max(0),
            ready: VecDeque::new(),
            open_runs: Vec::new(),
            answered: RecentRuns::default(),
            ended: RecentRuns::default(),
            read_due: true,
            next_check: Instant::now(),
            state: state.clone(),
        }
    }

    /// Watches a session from its end: of what was said before, nothing is news to this client.
    pub(crate) fn join(state: &AppState, tenant: TenantId, session: SessionId, end: i64) -> Self {
        Self { read_to: outbox_seq_of(end), ..Self::watch(state, tenant, session, end) }
    }

    /// The session that is watched.
    pub(crate) const fn session(&self) -> SessionId {
        self.session
    }

    /// The highest number that was given out.
    pub(crate) const fn position(&self) -> i64 {
        self.position
    }

    /// How many runs the client is waiting for.
    pub(crate) const fn open_runs(&self) -> usize {
        self.open_runs.len()
    }

    /// Looks after a run until its end was given out.
    pub(crate) fn expect(&mut self, run: InboxId) {
        if !self.open_runs.contains(&run) {
            self.open_runs.push(run);
        }
        let check = Instant::now() + self.state.settings.run_recheck_every;
        self.next_check = self.next_check.min(check);
    }

    /// Looks after a run that was submitted before: one that ended before this client came is
    /// told again. `false` if this client was told of its end already.
    pub(crate) async fn expect_again(&mut self, run: InboxId) -> Result<bool, StoreError> {
        let Some(ending) = ending(&self.state, self.tenant, run).await? else {
            self.expect(run);
            return Ok(true);
        };
        if self.ended.contains(run) {
            return Ok(false);
        }
        let newest = ending.replies.last().map_or(0, |reply| durable_seq(reply.seq));
        if newest <= self.started_after {
            self.tell(run, &ending, |_| true);
        } else {
            self.expect(run);
        }
        Ok(true)
    }

    /// The next event. May be dropped at any await without losing anything.
    pub(crate) async fn next(&mut self) -> FeedEvent {
        loop {
            if let Some(event) = self.ready.pop_front() {
                self.position = self.position.max(event.seq);
                return event;
            }
            if self.read_due {
                match self.read().await {
                    Ok(complete) => self.read_due = !complete,
                    Err(error) => {
                        tracing::debug!(error = %error, session.id = %self.session, "not read");
                        self.read_due = false;
                        self.next_check = Instant::now() + self.state.settings.run_recheck_every;
                    }
                }
                continue;
            }
            tokio::select! {
                event = next_of(&mut self.live) => self.take(event.map(FeedEvent::from)),
                () = sleep_until(self.next_check) => self.read_due = true,
            }
        }
    }

    fn take(&mut self, event: Option<FeedEvent>) {
        let Some(event) = event else {
            self.live = None;
            self.next_check = self.next_check.min(Instant::now() + REOPEN_AFTER);
            return;
        };
        if matches!(event.body, FeedBody::Done { .. }) {
            self.take_done(event);
            return;
        }
        if event.seq <= self.position {
            return;
        }
        if event.is_durable() {
            self.read_to = self.read_to.max(outbox_seq_of(event.seq));
            self.answered.add(&event.runs);
        }
        if event.is_end() {
            self.close(&event.runs);
        }
        self.ready.push_back(event);
    }

    fn take_done(&mut self, event: FeedEvent) {
        if event.runs.iter().any(|run| self.ended.contains(*run)) {
            return;
        }
        if event.runs.iter().any(|run| self.answered.contains(*run)) {
            self.close(&event.runs);
            self.ready.push_back(event);
        } else {
            // The end without a reply before it: either there is none, or it was lost on the way
            // here. The store knows.
            self.read_due = true;
        }
    }

    /// Reads a page of replies and, once there are no more, how the awaited runs stand. `false` if
    /// there is more to read.
    async fn read(&mut self) -> Result<bool, StoreError> {
        self.next_check = Instant::now() + self.check_interval();
        let rows = self
            .state
            .ports
            .outbox
            .of_session(self.tenant, self.session, self.read_to, ROWS_PER_PAGE)
            .await?;
        let complete = u32::try_from(rows.len()).is_ok_and(|read| read < ROWS_PER_PAGE);
        let mut endings = Vec::new();
        if complete {
            for run in &self.open_runs {
                endings.push((*run, ending(&self.state, self.tenant, *run).await?));
            }
        }
        // From here on nothing waits, so that a dropped read leaves no trace.
        self.tell_rows(&rows);
        for (run, ending) in endings {
            if let Some(ending) = ending
                && !self.ended.contains(run)
            {
                let position = self.last_ready();
                self.tell(run, &ending, |seq| seq > position);
            }
        }
        if complete && self.live.is_none() {
            let after = self.last_ready();
            self.live = Some(self.state.ports.live.subscribe(self.session, after));
        }
        self.next_check = Instant::now() + self.check_interval();
        Ok(complete)
    }

    fn tell_rows(&mut self, rows: &[OutboxRow]) {
        for (index, row) in rows.iter().enumerate() {
            let event = FeedEvent::of_row(row);
            self.read_to = self.read_to.max(row.seq);
            let position = self.last_ready();
            let more = rows
                .get(index + 1)
                .is_some_and(|next| next.turn_id == row.turn_id && next.inbox_id == row.inbox_id);
            let done = (!more && !event.is_end()).then(|| done_after(row));
            self.answered.add(&event.runs);
            if event.is_end() {
                self.close(&event.runs);
            }
            if event.seq > position {
                self.ready.push_back(event);
            }
            if let Some(done) = done
                && done.seq > position
                && !done.runs.iter().any(|run| self.ended.contains(*run))
            {
                self.close(&done.runs);
                self.ready.push_back(done);
            }
        }
    }

    /// Gives out how a run ended: those of its replies that are wanted, and its end.
    fn tell(&mut self, run: InboxId, ending: &Ending, wanted: impl Fn(i64) -> bool) {
        let events: Vec<_> = ending.replies.iter().map(FeedEvent::of_row).collect();
        let told_by_notice = events.last().is_some_and(FeedEvent::is_end);
        let last = events.last().map_or_else(|| self.last_ready(), |event| event.seq);
        self.ready.extend(events.into_iter().filter(|event| wanted(event.seq)));
        if !told_by_notice {
            self.ready.push_back(FeedEvent {
                seq: last.saturating_add(1),
                runs: vec![run],
                body: FeedBody::Done { outcome: ending.outcome.as_str().to_owned(), usage: None },
            });
        }
        self.close(&[run]);
    }

    fn close(&mut self, runs: &[InboxId]) {
        self.open_runs.retain(|run| !runs.contains(run));
        self.ended.add(runs);
    }

    /// The highest number that was given out or is about to be.
    fn last_ready(&self) -> i64 {
        self.ready.iter().map(|event| event.seq).fold(self.position, i64::max)
    }

    fn check_interval(&self) -> Duration {
        let settings = &self.state.settings;
        if self.open_runs.is_empty() {
            settings.session_recheck_every
        } else {
            settings.run_recheck_every
        }
    }
}

fn done_after(row: &OutboxRow) -> FeedEvent {
    let outcome = if row.turn_id.is_some() { "answered" } else { "command" };
    FeedEvent {
        seq: durable_seq(row.seq).saturating_add(1),
        runs: row.inbox_id.into_iter().collect(),
        body: FeedBody::Done { outcome: outcome.to_owned(), usage: None },
    }
}

/// The newest runs that something was said about.
#[derive(Debug, Default)]
struct RecentRuns(VecDeque<InboxId>);

impl RecentRuns {
    fn add(&mut self, runs: &[InboxId]) {
        for run in runs {
            if self.contains(*run) {
                continue;
            }
            if self.0.len() >= ENDED_RUNS_MAX {
                self.0.pop_front();
            }
            self.0.push_back(*run);
        }
    }

    fn contains(&self, run: InboxId) -> bool {
        self.0.contains(&run)
    }
}
