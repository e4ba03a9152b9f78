//! The rows of the backend, as readers see them.

use super::backend::{Backend, NOW};
use async_trait::async_trait;
use rookery_domain::Timestamp;
use rookery_domain::id::{
    AgentId, ConnectionId, InboxId, OutboxId, RevisionId, SessionId, TenantId, TurnId,
};
use rookery_domain::inbox::{Appended, InboxRow, NewInbound};
use rookery_domain::message::ReplyTarget;
use rookery_domain::outbox::{OutboxChange, OutboxRow};
use rookery_domain::ownership::Lease;
use rookery_domain::ports::{Inbox, Outbox, StoreError, Turns};
use rookery_domain::session::{Message, Session};
use rookery_domain::testing::samples;
use rookery_domain::turn::{
    InboxSettle, Turn, TurnBegin, TurnCommit, TurnState, TurnStep, UnfinishedTurn,
};
use uuid::Uuid;

#[async_trait]
impl Inbox for Backend {
    async fn append(&self, _row: NewInbound) -> Result<Appended, StoreError> {
        Err(unused())
    }

    async fn undone(
        &self,
        tenant: TenantId,
        _after: Option<InboxId>,
        _limit: u32,
    ) -> Result<Vec<InboxRow>, StoreError> {
        let state = self.0.borrow();
        let rows = state.inbox.iter().filter(|row| row.inbound.tenant_id == tenant);
        Ok(rows.filter(|row| row.outcome.is_none()).cloned().collect())
    }

    async fn find(&self, tenant: TenantId, id: InboxId) -> Result<Option<InboxRow>, StoreError> {
        self.change(|state| state.reads += 1);
        let state = self.0.borrow();
        let mut rows = state.inbox.iter().filter(|row| row.inbound.tenant_id == tenant);
        Ok(rows.find(|row| row.inbound.id == id).cloned())
    }

    async fn settle(&self, _lease: &Lease, _settle: InboxSettle) -> Result<(), StoreError> {
        Err(unused())
    }

    async fn count_attempt(&self, _lease: &Lease, _id: InboxId) -> Result<u32, StoreError> {
        Err(unused())
    }

    async fn dead_letters(
        &self,
        _tenant: TenantId,
        _before: Option<InboxId>,
        _limit: u32,
    ) -> Result<Vec<InboxRow>, StoreError> {
        Err(unused())
    }

    async fn replay(&self, _tenant: TenantId, _id: InboxId) -> Result<bool, StoreError> {
        Err(unused())
    }
}

#[async_trait]
impl Outbox for Backend {
    async fn change(
        &self,
        _lease: &Lease,
        _change: OutboxChange,
        _at: Timestamp,
    ) -> Result<(), StoreError> {
        Err(unused())
    }

    async fn unsettled(
        &self,
        _tenant: TenantId,
        _after: Option<OutboxId>,
        _limit: u32,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        Err(unused())
    }

    async fn of_session(
        &self,
        tenant: TenantId,
        session: SessionId,
        after_seq: i64,
        limit: u32,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        Backend::change(self, |state| state.reads += 1);
        let limit = usize::try_from(limit).unwrap();
        let state = self.0.borrow();
        let rows = state.outbox.iter().filter(|row| row.tenant_id == tenant);
        let rows = rows.filter(|row| row.session_id == session && row.seq > after_seq);
        Ok(rows.take(limit).cloned().collect())
    }

    async fn of_turn(&self, tenant: TenantId, turn: TurnId) -> Result<Vec<OutboxRow>, StoreError> {
        let state = self.0.borrow();
        let rows = state.outbox.iter().filter(|row| row.tenant_id == tenant);
        Ok(rows.filter(|row| row.turn_id == Some(turn)).cloned().collect())
    }

    async fn dead_letters(
        &self,
        _tenant: TenantId,
        _before: Option<OutboxId>,
        _limit: u32,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        Err(unused())
    }

    async fn replay(&self, _tenant: TenantId, _id: OutboxId) -> Result<bool, StoreError> {
        Err(unused())
    }
}

#[async_trait]
impl Turns for Backend {
    async fn session(
        &self,
        tenant: TenantId,
        id: SessionId,
    ) -> Result<Option<Session>, StoreError> {
        let state = self.0.borrow();
        let mut sessions = state.sessions.iter().filter(|(owner, _)| *owner == tenant);
        Ok(sessions.find(|(_, session)| session.id == id).map(|(_, session)| session.clone()))
    }

    async fn begin(&self, _lease: &Lease, _begin: TurnBegin) -> Result<Vec<Message>, StoreError> {
        Err(unused())
    }

    async fn history(
        &self,
        _tenant: TenantId,
        session: SessionId,
        limit: u32,
    ) -> Result<Vec<Message>, StoreError> {
        let state = self.0.borrow();
        let messages = state.messages.iter().filter(|message| message.session_id == session);
        Ok(messages.take(usize::try_from(limit).unwrap()).cloned().collect())
    }

    async fn journal(
        &self,
        _lease: &Lease,
        _turn: TurnId,
        _first_index: u32,
        _steps: Vec<TurnStep>,
    ) -> Result<(), StoreError> {
        Err(unused())
    }

    async fn resume(&self, _lease: &Lease, _turn: TurnId) -> Result<u32, StoreError> {
        Err(unused())
    }

    async fn commit(&self, _lease: &Lease, _commit: TurnCommit) -> Result<(), StoreError> {
        Err(unused())
    }

    async fn unfinished(
        &self,
        tenant: TenantId,
        _limit: u32,
    ) -> Result<Vec<UnfinishedTurn>, StoreError> {
        let state = self.0.borrow();
        let running = state.running.iter().filter(|(owner, _)| *owner == tenant);
        Ok(running.map(|(tenant, turn)| unfinished(*tenant, *turn)).collect())
    }
}

fn unfinished(tenant: TenantId, turn: TurnId) -> UnfinishedTurn {
    let agent = AgentId::from_uuid(Uuid::nil());
    let session = samples::session(tenant, ConnectionId::from_uuid(Uuid::nil()), agent, "key");
    let turn = Turn {
        tenant_id: tenant,
        id: turn,
        session_id: session.id,
        agent_id: agent,
        revision_id: RevisionId::from_uuid(Uuid::nil()),
        inbox_ids: Vec::new(),
        reply_target: ReplyTarget(serde_json::Value::Null),
        state: TurnState::Running,
        attempt: 1,
        started_at: NOW,
    };
    UnfinishedTurn { turn, session, steps: Vec::new(), next_index: 0 }
}

fn unused() -> StoreError {
    StoreError::Broken("the HTTP surface never does this".to_owned())
}
