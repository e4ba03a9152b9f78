//! One client's socket from its first frame to its end.

use super::greeting::{Greeted, Visitor, greet};
use super::line::{Gone, Line};
use super::protocol::{AgentCard, ClientFrame, ClientMessage, ServerFrame};
use crate::auth::Access;
use crate::feed::{EventFrame, FeedEvent, SessionFeed};
use crate::frame::Problem;
use crate::state::AppState;
use crate::submission::submit;
use axum::extract::ws::{Utf8Bytes, WebSocket};
use rookery_domain::ErrorKind;
use rookery_domain::id::{AgentId, InboxId, SessionId};
use rookery_domain::kill_point::{self, KillPoint};
use rookery_domain::ports::{Submission, Submitted};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

/// Pings in a row that may go unanswered.
const PINGS_UNANSWERED_MAX: u32 = 2;

struct Conversation {
    state: AppState,
    line: Line,
    access: Access,
    agent: AgentId,
    key: String,
    feed: SessionFeed,
    /// What the client calls the runs it is waiting for; as many as may be pending.
    names: Vec<(InboxId, String)>,
    pings_unanswered: u32,
}

/// Serves a socket until it ends.
pub(super) async fn converse(state: AppState, visitor: Visitor, socket: WebSocket) {
    let open = metrics::gauge!("rookery_websockets_open");
    open.increment(1.0);
    let line = Line::new(socket, state.settings.socket_write_timeout);
    // On the heap: a socket that only waits should not carry the largest of its states.
    if let Some(conversation) = Box::pin(begin(state, visitor, line)).await {
        let Err(Gone) = conversation.run().await;
    }
    open.decrement(1.0);
}

async fn begin(state: AppState, visitor: Visitor, mut line: Line) -> Option<Conversation> {
    let greeted = match timeout(state.settings.socket_hello_timeout, first_text(&mut line)).await {
        Ok(Ok(text)) => greet(&state, visitor, &text).await,
        Ok(Err(Gone)) => return None,
        Err(_elapsed) => Err(Problem::new(ErrorKind::Timeout, "no hello arrived in time")),
    };
    let Greeted { access, agent, place } = match greeted {
        Ok(greeted) => greeted,
        Err(problem) => {
            line.refuse(&problem, 0).await.ok()?;
            return None;
        }
    };
    let hello = ServerFrame::Hello {
        session_id: place.session,
        seq: place.after,
        agent: AgentCard { slug: &agent.slug, name: &agent.profile.name },
    };
    line.say(&hello).await.ok()?;
    let watch = if place.resumed { SessionFeed::watch } else { SessionFeed::join };
    let feed = watch(&state, access.tenant, place.session, place.after);
    Some(Conversation {
        state,
        line,
        access,
        agent: agent.id,
        key: place.key,
        feed,
        names: Vec::new(),
        pings_unanswered: 0,
    })
}

async fn first_text(line: &mut Line) -> Result<Utf8Bytes, Gone> {
    loop {
        if let Some(text) = line.receive().await? {
            return Ok(text);
        }
    }
}

impl Conversation {
    async fn run(mut self) -> Result<std::convert::Infallible, Gone> {
        let every = self.state.settings.socket_ping_every;
        let mut pings = interval_at(Instant::now() + every, every);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let state = self.state.clone();
        let drained = state.drained();
        tokio::pin!(drained);
        loop {
            tokio::select! {
                () = &mut drained => {
                    self.line.restart().await?;
                    return Err(Gone);
                }
                received = self.line.receive() => {
                    self.pings_unanswered = 0;
                    if let Some(text) = received? {
                        self.hear(&text).await?;
                    }
                }
                event = self.feed.next() => self.tell(&event).await?,
                _ = pings.tick() => self.ping().await?,
            }
        }
    }

    async fn ping(&mut self) -> Result<(), Gone> {
        if self.pings_unanswered >= PINGS_UNANSWERED_MAX {
            return Err(Gone);
        }
        self.pings_unanswered += 1;
        self.check_access().await?;
        self.line.ping().await
    }

    async fn tell(&mut self, event: &FeedEvent) -> Result<(), Gone> {
        self.check_access().await?;
        let named = self.names.iter().find(|(run, _)| event.runs.contains(run));
        let run = named.map(|(run, _)| *run).or_else(|| event.runs.first().copied());
        let name = named.map(|(_, name)| name.as_str());
        self.line.say(&EventFrame::new(event, run, name)).await?;
        if event.is_end() {
            self.names.retain(|(run, _)| !event.runs.contains(run));
        }
        Ok(())
    }

    async fn hear(&mut self, text: &str) -> Result<(), Gone> {
        self.check_access().await?;
        let message = match serde_json::from_str(text) {
            Ok(ClientFrame::Message(message)) => message,
            Ok(ClientFrame::Hello(_)) => {
                return self.refuse(&Problem::invalid("hello comes first and once"), None).await;
            }
            Err(_) => {
                return self.refuse(&Problem::invalid("this is no frame of ours"), None).await;
            }
        };
        match self.take(&message).await {
            Ok(submitted) => {
                let accepted = ServerFrame::Accepted {
                    client_id: &message.client_id,
                    run_id: submitted.run_id,
                };
                self.line.say(&accepted).await?;
                kill_point::hit(KillPoint::K3Acknowledged);
                Ok(())
            }
            Err(problem) => self.refuse(&problem, Some(&message.client_id)).await,
        }
    }

    async fn take(&mut self, message: &ClientMessage) -> Result<Submitted, Problem> {
        message.check()?;
        let limit = self.state.settings.socket_pending_max;
        if self.feed.open_runs() >= limit {
            let detail = format!("{limit} messages are waiting for their reply already");
            return Err(Problem::new(ErrorKind::RateLimited, detail).coded("too_many_pending"));
        }
        let submission = Submission {
            tenant_id: self.access.tenant,
            agent_id: self.agent,
            session: Some(self.key.clone()),
            contact: None,
            text: message.text.clone(),
            idempotency_key: Some(idempotency_key(self.feed.session(), &message.client_id)),
            history: None,
        };
        let submitted = submit(&self.state, submission).await?;
        self.names.retain(|(run, _)| *run != submitted.run_id);
        if self.names.len() < limit {
            self.names.push((submitted.run_id, message.client_id.clone()));
        }
        if submitted.session_id != self.feed.session() {
            // The agent's connection was replaced meanwhile: the conversation goes on in the
            // session that the message is in, from its beginning.
            self.feed =
                SessionFeed::watch(&self.state, self.access.tenant, submitted.session_id, 0);
        }
        if !submitted.duplicate {
            self.feed.expect(submitted.run_id);
        } else if !self.feed.expect_again(submitted.run_id).await? {
            self.names.retain(|(run, _)| *run != submitted.run_id);
        }
        Ok(submitted)
    }

    async fn refuse(&mut self, problem: &Problem, client_id: Option<&str>) -> Result<(), Gone> {
        let seq = self.feed.position();
        self.line.say(&ServerFrame::refusal(problem, seq, client_id)).await
    }

    async fn check_access(&mut self) -> Result<(), Gone> {
        if self.access.still_holds(&self.state).await {
            return Ok(());
        }
        let problem = Problem::unauthorized("this access has ended");
        self.line.refuse(&problem, self.feed.position()).await?;
        Err(Gone)
    }
}

/// At most 128 bytes, as ingestion wants it.
fn idempotency_key(session: SessionId, client_id: &str) -> String {
    format!("ws:{session}:{client_id}")
}
