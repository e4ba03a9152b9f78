//! A tenant with an owner, and the values that a conversation is made of.

use super::{Store, StoreFixture};
use crate::Timestamp;
use crate::id::{
    AgentId, ConnectionId, ContactId, InboxId, MessageId, OutboxId, RevisionId, SessionId,
    TenantId, TurnId, UsageId,
};
use crate::inbox::{NewInbound, Outcome, Settlement};
use crate::message::{Author, Reply, ReplyTarget};
use crate::outbox::{OutboxContent, OutboxRow, OutboxStatus};
use crate::ownership::{Lease, NodeRecord};
use crate::ports::StoreError;
use crate::session::{Contact, Message, Session};
use crate::testing::samples;
use crate::turn::{InboxSettle, Turn, TurnBegin, TurnCommit, TurnState};
use crate::usage::{UsageEvent, UsageKind};

/// Noon of some day, so that a day's limits are far away.
pub const NOON: Timestamp = Timestamp::from_millis(1_700_049_600_000);

/// A tenant with an owner, in an implementation's own tests too.
pub struct Scene<'a> {
    fixture: &'a dyn StoreFixture,
    /// The store under test.
    pub store: &'a dyn Store,
    /// The tenant.
    pub tenant: TenantId,
    /// Its owner's lease.
    pub lease: Lease,
    /// One connection of it.
    pub connection: ConnectionId,
    /// One agent of it.
    pub agent: AgentId,
}

impl std::fmt::Debug for Scene<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Scene").field("lease", &self.lease).finish_non_exhaustive()
    }
}

impl<'a> Scene<'a> {
    /// A fresh boot and a fresh tenant, claimed.
    pub async fn set(fixture: &'a dyn StoreFixture) -> Result<Self, StoreError> {
        boot(fixture).await?;
        Self::join(fixture).await
    }

    /// Another tenant, claimed by the same boot.
    pub async fn join(fixture: &'a dyn StoreFixture) -> Result<Self, StoreError> {
        let tenant = fixture.tenant().await;
        Ok(Self {
            fixture,
            store: fixture.store(),
            tenant,
            lease: fixture.store().claim(tenant).await?,
            connection: ConnectionId::generate(fixture.ids()),
            agent: AgentId::generate(fixture.ids()),
        })
    }

    /// An inbound row of its own id.
    pub fn inbound(&self, key: &str) -> NewInbound {
        let id = InboxId::generate(self.fixture.ids());
        samples::inbound(self.tenant, self.connection, id, key)
    }

    /// Stores an inbound row.
    pub async fn arrive(&self, key: &str) -> Result<InboxId, StoreError> {
        let row = self.inbound(key);
        let id = row.id;
        self.store.append(row).await?;
        Ok(id)
    }

    /// A session in which nothing was said.
    pub fn session(&self, key: &str) -> Session {
        samples::session(self.tenant, self.connection, self.agent, key)
    }

    /// A message of a person.
    pub fn message(&self, session: &Session, seq: i64, text: &str) -> Message {
        Message {
            id: MessageId::generate(self.fixture.ids()),
            session_id: session.id,
            seq,
            author: Author::User,
            text: text.to_owned(),
            attachments: Vec::new(),
            sender_name: None,
            inbox_id: None,
            turn_id: None,
            created_at: NOON,
        }
    }

    /// A turn over inbound rows, with one message each, from the session's counter on.
    pub fn begin(&self, session: &Session, inbox_ids: &[InboxId]) -> TurnBegin {
        let turn_id = TurnId::generate(self.fixture.ids());
        let mut session = session.clone();
        let messages = inbox_ids
            .iter()
            .map(|inbox_id| {
                session.last_seq += 1;
                let text = format!("question {}", session.last_seq);
                Message {
                    inbox_id: Some(*inbox_id),
                    turn_id: Some(turn_id),
                    ..self.message(&session, session.last_seq, &text)
                }
            })
            .collect();
        TurnBegin {
            turn: Turn {
                tenant_id: self.tenant,
                id: turn_id,
                session_id: session.id,
                agent_id: self.agent,
                revision_id: RevisionId::generate(self.fixture.ids()),
                inbox_ids: inbox_ids.to_vec(),
                reply_target: ReplyTarget(serde_json::json!({ "chat": 7 })),
                state: TurnState::Running,
                attempt: 1,
                started_at: NOON,
            },
            contact: Some(Contact {
                id: ContactId::derived(self.tenant, self.connection, "person"),
                connection_id: self.connection,
                platform_user_id: "person".to_owned(),
                display_name: Some("Ada".to_owned()),
                locale: None,
            }),
            session,
            messages,
            settlements: Vec::new(),
            history_messages_max: 50,
        }
    }

    /// A row that nothing was done with.
    pub fn outbox_row(&self, session_id: SessionId, seq: i64) -> OutboxRow {
        OutboxRow {
            tenant_id: self.tenant,
            id: OutboxId::generate(self.fixture.ids()),
            session_id,
            connection_id: self.connection,
            turn_id: None,
            inbox_id: None,
            seq,
            target: ReplyTarget(serde_json::json!({ "chat": 7 })),
            content: OutboxContent {
                reply: Reply::answer(format!("answer {seq}")),
                part: serde_json::Value::Null,
                finishes: None,
            },
            status: OutboxStatus::Pending,
            attempts: 0,
            next_attempt_at: NOON,
            was_ambiguous: false,
            platform_message_id: None,
            error: None,
            created_at: NOON,
            sent_at: None,
        }
    }

    /// The end of a begun turn: an answer, one outbox row, one fact of each kind.
    pub fn commit(&self, begin: &TurnBegin) -> TurnCommit {
        let turn = &begin.turn;
        let seq = begin.session.last_seq;
        let answer = Message {
            author: Author::Assistant,
            turn_id: Some(turn.id),
            ..self.message(&begin.session, seq + 1, "an answer")
        };
        let row = OutboxRow {
            turn_id: Some(turn.id),
            inbox_id: turn.inbox_ids.last().copied(),
            ..self.outbox_row(turn.session_id, seq + 2)
        };
        TurnCommit {
            turn_id: turn.id,
            session_id: turn.session_id,
            state: TurnState::Completed,
            error_code: None,
            message: Some(answer),
            outbox: vec![row],
            usage: vec![
                self.fact(turn, UsageKind::Message, NOON),
                self.fact(turn, UsageKind::Completion, NOON),
            ],
            settlements: turn.inbox_ids.iter().map(|id| settled(*id, Outcome::Answered)).collect(),
            last_seq: seq + 2,
            audit: Vec::new(),
            at: NOON,
        }
    }

    /// A metered fact of a turn.
    pub fn fact(&self, turn: &Turn, kind: UsageKind, at: Timestamp) -> UsageEvent {
        let (model, input_tokens, output_tokens) = match kind {
            UsageKind::Message => ("", 0, 0),
            UsageKind::Completion => ("offline/echo", 30, 12),
        };
        UsageEvent {
            id: UsageId::generate(self.fixture.ids()),
            agent_id: turn.agent_id,
            session_id: turn.session_id,
            turn_id: turn.id,
            kind,
            model: model.to_owned(),
            quantity: 1,
            input_tokens,
            output_tokens,
            estimated: false,
            at,
        }
    }

    /// One whole turn over one inbound row.
    pub async fn converse(&self, key: &str) -> Result<(TurnBegin, TurnCommit), StoreError> {
        let row = self.arrive(key).await?;
        let begin = self.begin(&self.session(key), &[row]);
        self.store.begin(&self.lease, begin.clone()).await?;
        let commit = self.commit(&begin);
        self.store.commit(&self.lease, commit.clone()).await?;
        Ok((begin, commit))
    }
}

/// Registers a new boot.
pub async fn boot(fixture: &dyn StoreFixture) -> Result<(), StoreError> {
    let record = NodeRecord {
        id: crate::id::NodeId::generate(fixture.ids()),
        address: String::new(),
        version: "0.0.0".to_owned(),
    };
    fixture.store().boot(&record).await
}

/// An end without an error.
pub const fn settled(id: InboxId, outcome: Outcome) -> Settlement {
    Settlement { id, outcome, error: None }
}

/// The end of rows without a turn.
pub const fn settle(settlements: Vec<Settlement>) -> InboxSettle {
    InboxSettle {
        session: None,
        contact: None,
        messages: Vec::new(),
        settlements,
        outbox: Vec::new(),
        audit: Vec::new(),
        at: NOON,
    }
}
