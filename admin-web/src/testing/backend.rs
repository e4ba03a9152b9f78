//! Ingestion, live events and the rows behind them. A test plays the agent.

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use rookery_domain::Timestamp;
use rookery_domain::channel::ChannelKind;
use rookery_domain::id::{ConnectionId, InboxId, OutboxId, SessionId, TenantId, TurnId};
use rookery_domain::inbox::{InboxRow, NewInbound, Outcome};
use rookery_domain::live::{LiveBody, LiveEvent, LiveStream, durable_seq};
use rookery_domain::message::{Reply, ReplyTarget, WebMessage};
use rookery_domain::outbox::{OutboxContent, OutboxRow, OutboxStatus};
use rookery_domain::ports::{
    IngestError, Ingestion, LiveEvents, RawRequest, Submission, Submitted,
};
use rookery_domain::session::{Message, Session};
use rookery_domain::testing::samples;
use tokio::sync::watch;
use uuid::Uuid;

/// Everything behind the HTTP surface.
#[derive(Debug)]
pub(crate) struct Backend(pub(super) watch::Sender<State>);

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) inbox: Vec<InboxRow>,
    pub(super) outbox: Vec<OutboxRow>,
    pub(super) sessions: Vec<(TenantId, Session)>,
    pub(super) messages: Vec<Message>,
    pub(super) running: Vec<(TenantId, TurnId)>,
    pub(super) submissions: Vec<Submission>,
    pub(super) hooks: Vec<(ChannelKind, ConnectionId, RawRequest)>,
    pub(super) refusal: Option<IngestError>,
    pub(super) live: Vec<(SessionId, LiveEvent)>,
    pub(super) live_lost: bool,
    pub(super) live_generation: u64,
    pub(super) subscriptions: usize,
    pub(super) reads: usize,
    pub(super) ids: u128,
}

/// When everything happens.
pub(super) const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

impl Backend {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(State { ids: 1_000, ..State::default() }))
    }

    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut result = None;
        self.0.send_modify(|state| result = Some(change(state)));
        result.unwrap()
    }

    /// Ingestion refuses from now on, or takes again.
    pub(crate) fn refuse(&self, refusal: Option<IngestError>) {
        self.change(|state| state.refusal = refusal);
    }

    /// Live events vanish from now on, or do not.
    pub(crate) fn lose_live_events(&self, lost: bool) {
        self.change(|state| state.live_lost = lost);
    }

    /// Ends every live stream, as it happens to a slow watcher.
    pub(crate) fn end_live_streams(&self) {
        self.change(|state| state.live_generation += 1);
    }

    pub(crate) fn submissions(&self) -> Vec<Submission> {
        self.0.borrow().submissions.clone()
    }

    pub(crate) fn hooks(&self) -> Vec<(ChannelKind, ConnectionId, RawRequest)> {
        self.0.borrow().hooks.clone()
    }

    pub(crate) fn inbox_len(&self) -> usize {
        self.0.borrow().inbox.len()
    }

    /// How often the rows of a session or a run were read.
    pub(crate) fn reads(&self) -> usize {
        self.0.borrow().reads
    }

    /// Resolves when so many messages were submitted.
    pub(crate) async fn submitted(&self, count: usize) -> InboxRow {
        let mut state = self.0.subscribe();
        let state = state.wait_for(|state| state.inbox.len() >= count).await.unwrap();
        state.inbox[count - 1].clone()
    }

    /// Resolves when so many live streams were opened.
    pub(crate) async fn subscribed(&self, count: usize) {
        let mut state = self.0.subscribe();
        state.wait_for(|state| state.subscriptions >= count).await.unwrap();
    }

    /// The agent begins to answer.
    pub(crate) fn begin(&self, run: InboxId) {
        self.change(|state| {
            let row = state.inbox.iter().find(|row| row.inbound.id == run).unwrap().clone();
            state.session_of(&row);
        });
    }

    /// The answer grows.
    pub(crate) fn grow(&self, run: InboxId, text: &str) {
        self.change(|state| {
            let (session, last) = state.place_of(run);
            let count = state.live.iter().filter(|(id, _)| *id == session).count();
            let seq = durable_seq(last) + 1 + i64::try_from(count).unwrap();
            state.publish(session, seq, run, LiveBody::Delta { text: text.to_owned() });
        });
    }

    /// The agent answers, or gives a notice, and the run ends.
    pub(crate) fn answer(&self, run: InboxId, reply: Reply) {
        self.commit(run, &[reply], Outcome::Answered);
    }

    /// A command is executed: a reply without a turn.
    pub(crate) fn command(&self, run: InboxId, text: &str) {
        self.commit(run, &[Reply::answer(text)], Outcome::Command);
    }

    /// The run ends without a word.
    pub(crate) fn end_silently(&self, run: InboxId, outcome: Outcome) {
        self.commit(run, &[], outcome);
    }

    /// The row becomes part of a turn that still runs.
    pub(crate) fn merge(&self, run: InboxId) {
        self.change(|state| {
            let turn = TurnId::from_uuid(state.fresh());
            let row = state.row(run);
            row.outcome = Some(Outcome::Merged);
            row.turn_id = Some(turn);
            let tenant = row.inbound.tenant_id;
            state.running.push((tenant, turn));
        });
    }

    /// The turn that a row was merged into ends without a word.
    pub(crate) fn end_turns(&self) {
        self.change(|state| state.running.clear());
    }

    pub(crate) fn commit(&self, run: InboxId, replies: &[Reply], outcome: Outcome) {
        self.change(|state| {
            let (session, _) = state.place_of(run);
            let with_turn = outcome == Outcome::Answered;
            let turn = with_turn.then(|| TurnId::from_uuid(state.fresh()));
            let mut last = 0;
            for reply in replies {
                last = state.add_reply(run, turn, reply.clone());
                let text = reply.text.clone();
                let body = match &reply.notice {
                    Some(code) => LiveBody::Error { code: code.clone(), text },
                    None => LiveBody::Message { text },
                };
                state.publish(session, durable_seq(last), run, body);
            }
            let row = state.row(run);
            row.outcome = Some(outcome);
            row.turn_id = turn;
            let done = LiveBody::Done {
                outcome: outcome.as_str().to_owned(),
                input_tokens: 7,
                output_tokens: 5,
            };
            state.publish(session, durable_seq(last) + 1, run, done);
        });
    }

    /// An inbound row of a chat platform.
    pub(crate) fn platform_row(&self, tenant: TenantId) -> InboxId {
        self.change(|state| {
            let id = InboxId::from_uuid(state.fresh());
            let connection = ConnectionId::from_uuid(state.fresh());
            let mut inbound = samples::inbound(tenant, connection, id, "update");
            inbound.channel = "platform".parse().unwrap();
            state.inbox.push(stored(inbound));
            id
        })
    }

    /// Something was said in a session.
    pub(crate) fn add_message(&self, message: Message) {
        self.change(|state| state.messages.push(message));
    }

    /// A session that belongs to somebody.
    pub(crate) fn add_session(&self, tenant: TenantId, session: Session) {
        self.change(|state| state.sessions.push((tenant, session)));
    }
}

fn stored(inbound: NewInbound) -> InboxRow {
    InboxRow { inbound, attempts: 0, outcome: None, turn_id: None, error: None, done_at: None }
}

impl State {
    fn fresh(&mut self) -> Uuid {
        self.ids += 1;
        Uuid::from_u128(self.ids)
    }

    fn row(&mut self, run: InboxId) -> &mut InboxRow {
        self.inbox.iter_mut().find(|row| row.inbound.id == run).unwrap()
    }

    fn session_of(&mut self, row: &InboxRow) -> &mut Session {
        let message: WebMessage = serde_json::from_slice(&row.inbound.raw).unwrap();
        let (tenant, connection) = (row.inbound.tenant_id, row.inbound.connection_id);
        let id = SessionId::derived(tenant, connection, &message.conversation_key);
        if !self.sessions.iter().any(|(_, session)| session.id == id) {
            let agent = rookery_domain::id::AgentId::from_uuid(connection.as_uuid());
            let mut session =
                samples::session(tenant, connection, agent, &message.conversation_key);
            session.id = id;
            self.sessions.push((tenant, session));
        }
        self.sessions.iter_mut().find(|(_, session)| session.id == id).map(|(_, s)| s).unwrap()
    }

    /// The session of a run and its last number.
    fn place_of(&mut self, run: InboxId) -> (SessionId, i64) {
        let row = self.row(run).clone();
        let session = self.session_of(&row);
        (session.id, session.last_seq)
    }

    fn add_reply(&mut self, run: InboxId, turn: Option<TurnId>, reply: Reply) -> i64 {
        let row = self.row(run).clone();
        let id = OutboxId::from_uuid(self.fresh());
        let session = self.session_of(&row);
        session.last_seq += 1;
        let (session, seq) = (session.id, session.last_seq);
        self.outbox.push(OutboxRow {
            tenant_id: row.inbound.tenant_id,
            id,
            session_id: session,
            connection_id: row.inbound.connection_id,
            turn_id: turn,
            inbox_id: Some(run),
            seq,
            target: ReplyTarget(serde_json::Value::Null),
            content: OutboxContent { reply, part: serde_json::Value::Null, finishes: None },
            status: OutboxStatus::Sent,
            attempts: 1,
            next_attempt_at: NOW,
            was_ambiguous: false,
            platform_message_id: None,
            error: None,
            created_at: NOW,
            sent_at: Some(NOW),
        });
        seq
    }

    fn publish(&mut self, session: SessionId, seq: i64, run: InboxId, body: LiveBody) {
        if !self.live_lost {
            self.live.push((session, LiveEvent { seq, runs: vec![run], body }));
        }
    }
}

#[async_trait]
impl Ingestion for Backend {
    async fn hook(
        &self,
        channel: &ChannelKind,
        connection: ConnectionId,
        request: RawRequest,
    ) -> Result<(), IngestError> {
        self.change(|state| {
            if let Some(refusal) = state.refusal.clone() {
                return Err(refusal);
            }
            state.hooks.push((channel.clone(), connection, request));
            Ok(())
        })
    }

    async fn submit(&self, submission: Submission) -> Result<Submitted, IngestError> {
        self.change(|state| {
            if let Some(refusal) = state.refusal.clone() {
                return Err(refusal);
            }
            if submission.text.trim().is_empty() {
                return Err(IngestError::Invalid("text is empty".to_owned()));
            }
            let tenant = submission.tenant_id;
            let connection = ConnectionId::from_uuid(submission.agent_id.as_uuid());
            let fresh = SessionId::from_uuid(state.fresh());
            let key = submission.session.clone().unwrap_or_else(|| fresh.to_string());
            let session = |key: &str| SessionId::derived(tenant, connection, key);
            let id = InboxId::from_uuid(state.fresh());
            let dedupe = submission.idempotency_key.clone().unwrap_or_else(|| id.to_string());
            let first = state
                .inbox
                .iter()
                .map(|row| &row.inbound)
                .find(|row| row.dedupe_key == dedupe && row.connection_id == connection);
            if let Some(first) = first {
                let said: WebMessage = serde_json::from_slice(&first.raw).unwrap();
                if said.text != submission.text {
                    return Err(IngestError::Conflict);
                }
                let session_id = session(&said.conversation_key);
                return Ok(Submitted { run_id: first.id, session_id, duplicate: true });
            }
            let message = WebMessage {
                conversation_key: key.clone(),
                contact: submission.contact.clone(),
                text: submission.text.clone(),
                history: submission.history.clone(),
            };
            let mut inbound = samples::inbound(tenant, connection, id, &dedupe);
            inbound.raw = Bytes::from(serde_json::to_vec(&message).unwrap());
            inbound.received_at = NOW;
            state.inbox.push(stored(inbound));
            state.submissions.push(submission);
            Ok(Submitted { run_id: id, session_id: session(&key), duplicate: false })
        })
    }
}

impl LiveEvents for Backend {
    fn publish(&self, session: SessionId, event: LiveEvent) {
        self.change(|state| state.live.push((session, event)));
    }

    fn subscribe(&self, session: SessionId, after: i64) -> LiveStream {
        let generation = self.change(|state| {
            state.subscriptions += 1;
            state.live_generation
        });
        let changes = self.0.subscribe();
        let cursor = Cursor { changes, next: 0, session, after, generation };
        futures::stream::unfold(cursor, |mut cursor| async move {
            let event = cursor.event().await?;
            Some((event, cursor))
        })
        .boxed()
    }
}

/// One watcher's place in the live events.
struct Cursor {
    changes: watch::Receiver<State>,
    next: usize,
    session: SessionId,
    after: i64,
    generation: u64,
}

impl Cursor {
    async fn event(&mut self) -> Option<LiveEvent> {
        loop {
            let seen = {
                let state = self.changes.borrow_and_update();
                if state.live_generation != self.generation {
                    return None;
                }
                state.live.get(self.next).cloned()
            };
            let Some((session, event)) = seen else {
                self.changes.changed().await.ok()?;
                continue;
            };
            self.next += 1;
            if session == self.session && event.seq > self.after {
                return Some(event);
            }
        }
    }
}
