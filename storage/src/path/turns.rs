//! The port of sessions, turns and their journal.

use super::operation::Answer;
use super::store::{PathStore, misanswered};
use super::{prepare, stored};
use crate::entity::{messages, sessions, turn_steps, turns};
use crate::error::from_orm;
use crate::scope::TenantTransaction;
use async_trait::async_trait;
use rookery_domain::id::{SessionId, TenantId, TurnId};
use rookery_domain::ownership::Lease;
use rookery_domain::ports::{StoreError, Turns};
use rookery_domain::session::{Message, Session};
use rookery_domain::turn::{TurnBegin, TurnCommit, TurnStep, UnfinishedTurn};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::HashMap;
use uuid::Uuid;

/// As the partial index spells it.
const IS_RUNNING: &str = "state = 'running'";

#[async_trait]
impl Turns for PathStore {
    async fn session(
        &self,
        tenant: TenantId,
        id: SessionId,
    ) -> Result<Option<Session>, StoreError> {
        let transaction = self.scope.read(tenant).await?;
        let found = read_session(&transaction, id).await?;
        transaction.commit().await?;
        Ok(found)
    }

    async fn begin(&self, lease: &Lease, begin: TurnBegin) -> Result<Vec<Message>, StoreError> {
        match self.submit(prepare::begin(lease, begin)?).await? {
            Answer::History(messages) => Ok(messages),
            other => Err(misanswered(&other)),
        }
    }

    async fn history(
        &self,
        tenant: TenantId,
        session: SessionId,
        limit: u32,
    ) -> Result<Vec<Message>, StoreError> {
        let transaction = self.scope.read(tenant).await?;
        let floor_seq = read_session(&transaction, session)
            .await?
            .map_or(0, |session| session.context_floor_seq);
        let rows = transaction
            .find::<messages::Entity>()
            .filter(messages::Column::SessionId.eq(session.as_uuid()))
            .filter(messages::Column::Seq.gt(floor_seq))
            .order_by_desc(messages::Column::Seq)
            .limit(u64::from(limit))
            .all(transaction.connection())
            .await
            .map_err(from_orm)?;
        transaction.commit().await?;
        rows.into_iter().rev().map(stored::message).collect()
    }

    async fn journal(
        &self,
        lease: &Lease,
        turn: TurnId,
        first_index: u32,
        steps: Vec<TurnStep>,
    ) -> Result<(), StoreError> {
        let at = self.clock.now();
        let operation = prepare::journal(lease, turn, first_index, &steps, at)?;
        self.submit_plain(operation).await
    }

    async fn resume(&self, lease: &Lease, turn: TurnId) -> Result<u32, StoreError> {
        let transaction = self.scope.fenced(lease).await?;
        let raised = transaction
            .update::<turns::Entity>()
            .col_expr(turns::Column::Attempt, Expr::col(turns::Column::Attempt).add(1_i64))
            .filter(turns::Column::Id.eq(turn.as_uuid()))
            .filter(Expr::cust(IS_RUNNING))
            .exec(transaction.connection())
            .await
            .map_err(from_orm)?;
        let found = transaction
            .find::<turns::Entity>()
            .filter(turns::Column::Id.eq(turn.as_uuid()))
            .one(transaction.connection())
            .await
            .map_err(from_orm)?
            .ok_or_else(|| StoreError::NotFound(turn.to_string()))?;
        if raised.rows_affected == 0 {
            return Err(StoreError::Conflict(format!("{turn} has ended")));
        }
        transaction.commit().await?;
        stored::from_count("attempt", found.attempt)
    }

    async fn commit(&self, lease: &Lease, commit: TurnCommit) -> Result<(), StoreError> {
        self.submit_plain(prepare::commit(lease, commit)?).await
    }

    async fn unfinished(
        &self,
        tenant: TenantId,
        limit: u32,
    ) -> Result<Vec<UnfinishedTurn>, StoreError> {
        let transaction = self.scope.read(tenant).await?;
        let running = transaction
            .find::<turns::Entity>()
            .filter(Expr::cust(IS_RUNNING))
            .order_by_asc(turns::Column::Id)
            .limit(u64::from(limit))
            .all(transaction.connection())
            .await
            .map_err(from_orm)?;
        let sessions = read_sessions(&transaction, &running).await?;
        let mut steps = read_steps(&transaction, &running).await?;
        transaction.commit().await?;
        running
            .into_iter()
            .map(|row| {
                let session = sessions.get(&row.session_id).cloned();
                let (last_index, steps) = steps.remove(&row.id).unwrap_or((-1, Vec::new()));
                Ok(UnfinishedTurn {
                    session: session.ok_or_else(|| {
                        StoreError::Broken("a running turn has no session".to_owned())
                    })?,
                    turn: stored::turn(&row)?,
                    steps,
                    next_index: stored::from_count("step_index", last_index + 1)?,
                })
            })
            .collect()
    }
}

async fn read_session(
    transaction: &TenantTransaction,
    id: SessionId,
) -> Result<Option<Session>, StoreError> {
    transaction
        .find::<sessions::Entity>()
        .filter(sessions::Column::Id.eq(id.as_uuid()))
        .one(transaction.connection())
        .await
        .map_err(from_orm)?
        .map(stored::session)
        .transpose()
}

async fn read_sessions(
    transaction: &TenantTransaction,
    running: &[turns::Model],
) -> Result<HashMap<Uuid, Session>, StoreError> {
    let rows = transaction
        .find::<sessions::Entity>()
        .filter(sessions::Column::Id.is_in(running.iter().map(|turn| turn.session_id)))
        .all(transaction.connection())
        .await
        .map_err(from_orm)?;
    rows.into_iter().map(|row| Ok((row.id, stored::session(row)?))).collect()
}

/// The highest index and the steps of each turn.
type Journals = HashMap<Uuid, (i64, Vec<TurnStep>)>;

async fn read_steps(
    transaction: &TenantTransaction,
    running: &[turns::Model],
) -> Result<Journals, StoreError> {
    let rows = transaction
        .find::<turn_steps::Entity>()
        .filter(turn_steps::Column::TurnId.is_in(running.iter().map(|turn| turn.id)))
        .order_by_asc(turn_steps::Column::TurnId)
        .order_by_asc(turn_steps::Column::StepIndex)
        .all(transaction.connection())
        .await
        .map_err(from_orm)?;
    let mut by_turn = Journals::new();
    for row in rows {
        let step = stored::from_json("payload", &row.payload)?;
        let (last_index, steps) = by_turn.entry(row.turn_id).or_default();
        *last_index = row.step_index;
        steps.push(step);
    }
    Ok(by_turn)
}
