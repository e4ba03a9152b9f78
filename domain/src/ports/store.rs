//! What the path of a message needs from a store. Writes for a tenant carry its lease and are
//! checked against it in the same transaction; ids come from the caller, so that a repeat of a
//! write whose outcome was lost has no second effect.

use crate::error::ErrorKind;
use crate::id::{InboxId, OutboxId, SessionId, TenantId, TurnId};
use crate::inbox::{Appended, InboxRow, NewInbound, Purge};
use crate::outbox::{OutboxChange, OutboxRow};
use crate::ownership::{Lease, NodeRecord};
use crate::session::{Message, Session};
use crate::time::Timestamp;
use crate::turn::{InboxSettle, TurnBegin, TurnCommit, TurnStep, UnfinishedTurn};
use crate::usage::DayUsage;
use async_trait::async_trait;

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else owns the tenant now. The writer stops everything it does for it.
    #[error("another owner has claimed tenant {0}")]
    Fenced(TenantId),
    /// It does not exist within the tenant.
    #[error("{0} not found")]
    NotFound(String),
    /// It changed meanwhile, or a unique name is taken.
    #[error("conflict: {0}")]
    Conflict(String),
    /// A named limit of the store's queue is reached.
    #[error("the store's queue is full")]
    Full,
    /// The database cannot be reached, is full or is read-only. The write may be repeated.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// A stored value makes no sense, or a statement was refused.
    #[error("the store refused: {0}")]
    Broken(String),
}

impl StoreError {
    /// Its kind.
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Fenced(_) => ErrorKind::Fenced,
            Self::NotFound(_) => ErrorKind::NotFound,
            Self::Conflict(_) => ErrorKind::Conflict,
            Self::Full | Self::Unavailable(_) => ErrorKind::Unavailable,
            Self::Broken(_) => ErrorKind::Internal,
        }
    }
}

/// Who may write for which tenant.
#[async_trait]
pub trait Ownership: Send + Sync + std::fmt::Debug {
    /// Registers this boot. On a single node everything that an earlier boot owned is released
    /// under a higher epoch.
    async fn boot(&self, node: &NodeRecord) -> Result<(), StoreError>;

    /// Takes a tenant under a new, higher epoch.
    async fn claim(&self, tenant: TenantId) -> Result<Lease, StoreError>;

    /// Gives a tenant back, if the lease still holds.
    async fn release(&self, lease: &Lease) -> Result<(), StoreError>;

    /// Tenants marked as having work before `before`, in the order of their ids, after the given
    /// one; at most `limit`.
    async fn awake(
        &self,
        before: Timestamp,
        after: Option<TenantId>,
        limit: u32,
    ) -> Result<Vec<TenantId>, StoreError>;

    /// Takes the tenant's work mark away. `false`, and the mark stays, if it still has unsettled
    /// inbox rows, running turns, unsettled outbox rows or unfolded usage facts.
    async fn quiesce(&self, lease: &Lease) -> Result<bool, StoreError>;
}

/// Inbound rows.
#[async_trait]
pub trait Inbox: Send + Sync + std::fmt::Debug {
    /// Stores a row and marks the tenant as having work; group-committed with others. Not fenced:
    /// any node accepts. Durable when it returns.
    async fn append(&self, row: NewInbound) -> Result<Appended, StoreError>;

    /// Rows without an outcome, by id, after the given one, at most `limit`.
    async fn undone(
        &self,
        tenant: TenantId,
        after: Option<InboxId>,
        limit: u32,
    ) -> Result<Vec<InboxRow>, StoreError>;

    /// One row.
    async fn find(&self, tenant: TenantId, id: InboxId) -> Result<Option<InboxRow>, StoreError>;

    /// Ends rows without a turn, with their replies. Fenced.
    async fn settle(&self, lease: &Lease, settle: InboxSettle) -> Result<(), StoreError>;

    /// Counts a crash against a row and returns the new count. Fenced.
    async fn count_attempt(&self, lease: &Lease, id: InboxId) -> Result<u32, StoreError>;

    /// Dead letters of a tenant, newest first, before the given one, at most `limit`.
    async fn dead_letters(
        &self,
        tenant: TenantId,
        before: Option<InboxId>,
        limit: u32,
    ) -> Result<Vec<InboxRow>, StoreError>;

    /// Makes a dead letter undone again, its attempts forgotten, and marks the tenant as having
    /// work. `false` if it is not a dead letter of this tenant.
    async fn replay(&self, tenant: TenantId, id: InboxId) -> Result<bool, StoreError>;
}

/// Sessions, turns and their journal.
#[async_trait]
pub trait Turns: Send + Sync + std::fmt::Debug {
    /// Reads a session. `None` if nothing was ever said in it.
    async fn session(&self, tenant: TenantId, id: SessionId)
    -> Result<Option<Session>, StoreError>;

    /// Records a turn before its first model call and reads back the newest messages of the
    /// session above its context floor, oldest first, the turn's own included. Fenced.
    async fn begin(&self, lease: &Lease, begin: TurnBegin) -> Result<Vec<Message>, StoreError>;

    /// The newest messages of a session above its context floor, oldest first, at most `limit`.
    async fn history(
        &self,
        tenant: TenantId,
        session: SessionId,
        limit: u32,
    ) -> Result<Vec<Message>, StoreError>;

    /// Adds steps to a running turn's journal, numbered by the caller from `first_index`. Fenced.
    async fn journal(
        &self,
        lease: &Lease,
        turn: TurnId,
        first_index: u32,
        steps: Vec<TurnStep>,
    ) -> Result<(), StoreError>;

    /// Raises a running turn's attempt count by one and returns it. Fenced.
    async fn resume(&self, lease: &Lease, turn: TurnId) -> Result<u32, StoreError>;

    /// Ends a turn: reply, outbox, usage, inbox and session in one transaction. Fenced.
    async fn commit(&self, lease: &Lease, commit: TurnCommit) -> Result<(), StoreError>;

    /// Turns still recorded as running, with their journals, oldest first, at most `limit`.
    async fn unfinished(
        &self,
        tenant: TenantId,
        limit: u32,
    ) -> Result<Vec<UnfinishedTurn>, StoreError>;
}

/// Outbound rows.
#[async_trait]
pub trait Outbox: Send + Sync + std::fmt::Debug {
    /// Records what happened to a row. Fenced; group-committed with others.
    async fn change(
        &self,
        lease: &Lease,
        change: OutboxChange,
        at: Timestamp,
    ) -> Result<(), StoreError>;

    /// Rows that are not settled, in order of session and sequence, after the given one by id, at
    /// most `limit`.
    async fn unsettled(
        &self,
        tenant: TenantId,
        after: Option<OutboxId>,
        limit: u32,
    ) -> Result<Vec<OutboxRow>, StoreError>;

    /// Rows of a session with a sequence number above `after_seq`, in order, at most `limit`.
    async fn of_session(
        &self,
        tenant: TenantId,
        session: SessionId,
        after_seq: i64,
        limit: u32,
    ) -> Result<Vec<OutboxRow>, StoreError>;

    /// Rows that a turn made, in order.
    async fn of_turn(&self, tenant: TenantId, turn: TurnId) -> Result<Vec<OutboxRow>, StoreError>;

    /// Rows of a tenant that were given up, newest first, before the given one, at most `limit`.
    async fn dead_letters(
        &self,
        tenant: TenantId,
        before: Option<OutboxId>,
        limit: u32,
    ) -> Result<Vec<OutboxRow>, StoreError>;

    /// Makes a row that was given up pending again, due now, its attempts and its error forgotten,
    /// and marks the tenant as having work. It is sent as it is, after rows of its session that
    /// were sent meanwhile. `false` if it is not a dead row of this tenant.
    async fn replay(&self, tenant: TenantId, id: OutboxId) -> Result<bool, StoreError>;
}

/// Usage facts and their sums.
#[async_trait]
pub trait UsageLedger: Send + Sync + std::fmt::Debug {
    /// Folds at most `limit` facts into minute records and returns how many. Fenced; a fact is
    /// folded exactly once.
    async fn fold(&self, lease: &Lease, limit: u32) -> Result<u32, StoreError>;

    /// What the tenant used in the UTC day of `at`, folded or not.
    async fn day(&self, tenant: TenantId, at: Timestamp) -> Result<DayUsage, StoreError>;
}

/// Forgetting on purpose.
#[async_trait]
pub trait Retention: Send + Sync + std::fmt::Debug {
    /// Makes one step over a tenant's inbox; where the next one begins, or `None` when everything
    /// that is old enough was seen. A row without an outcome is never touched. Fenced.
    async fn purge(&self, lease: &Lease, purge: Purge) -> Result<Option<InboxId>, StoreError>;
}
