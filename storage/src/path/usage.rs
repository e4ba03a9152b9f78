//! The port of usage facts and their sums.

use super::store::PathStore;
use super::stored::to_count;
use crate::entity::{usage_events, usage_minutes};
use crate::error::{from_orm, unreadable};
use async_trait::async_trait;
use rookery_domain::Timestamp;
use rookery_domain::id::TenantId;
use rookery_domain::ownership::Lease;
use rookery_domain::ports::{StoreError, UsageLedger};
use rookery_domain::usage::DayUsage;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryResult, Statement,
};
use std::collections::BTreeMap;
use uuid::Uuid;

const MINUTE_MILLIS: i64 = 60_000;
const DAY_MINUTES: i64 = 1_440;

/// The outer `NOT folded` holds even if another fold took the same facts while this one waited.
const TAKE_FACTS: &str = "UPDATE usage_events SET folded = true WHERE tenant_id = $1 \
     AND NOT folded AND id IN (SELECT id FROM usage_events WHERE tenant_id = $1 AND NOT folded \
     ORDER BY id LIMIT $2) \
     RETURNING *";

/// One statement, so that a fold at the same time is seen wholly or not at all.
const DAY: &str = "SELECT \
     CAST(coalesce(sum(CASE WHEN kind = 'message' THEN quantity ELSE 0 END), 0) AS bigint) \
     AS messages, \
     CAST(coalesce(sum(input_tokens + output_tokens), 0) AS bigint) AS tokens FROM ( \
     SELECT kind, quantity, input_tokens, output_tokens FROM usage_minutes \
     WHERE tenant_id = $1 AND minute >= $2 AND minute < $3 \
     UNION ALL SELECT kind, quantity, input_tokens, output_tokens FROM usage_events \
     WHERE tenant_id = $1 AND NOT folded AND at >= $4 AND at < $5) AS used";

#[async_trait]
impl UsageLedger for PathStore {
    async fn fold(&self, lease: &Lease, limit: u32) -> Result<u32, StoreError> {
        let transaction = self.scope.fenced(lease).await?;
        let tenant = lease.tenant_id.as_uuid();
        let statement = Statement::from_sql_and_values(
            transaction.connection().get_database_backend(),
            TAKE_FACTS,
            [tenant.into(), i64::from(limit).into()],
        );
        let facts = transaction.connection().query_all_raw(statement).await.map_err(from_orm)?;
        if facts.is_empty() {
            return Ok(0);
        }
        let sums = sum_by_minute(&facts).map_err(from_orm)?;
        let rows = sums.into_iter().map(|(key, sum)| sum.row(tenant, key));
        usage_minutes::Entity::insert_many(rows)
            .on_conflict(added_up())
            .exec_without_returning(transaction.connection())
            .await
            .map_err(from_orm)?;
        transaction.commit().await?;
        u32::try_from(facts.len()).map_err(|_error| unreadable("folded"))
    }

    async fn day(&self, tenant: TenantId, at: Timestamp) -> Result<DayUsage, StoreError> {
        let transaction = self.scope.read(tenant).await?;
        let first_minute = at.day() * DAY_MINUTES;
        let next_minute = first_minute + DAY_MINUTES;
        let statement = Statement::from_sql_and_values(
            transaction.connection().get_database_backend(),
            DAY,
            [
                tenant.as_uuid().into(),
                first_minute.into(),
                next_minute.into(),
                (first_minute * MINUTE_MILLIS).into(),
                (next_minute * MINUTE_MILLIS).into(),
            ],
        );
        let row = transaction.connection().query_one_raw(statement).await.map_err(from_orm)?;
        transaction.commit().await?;
        let Some(row) = row else {
            return Ok(DayUsage::default());
        };
        let messages: i64 = row.try_get("", "messages").map_err(from_orm)?;
        let tokens: i64 = row.try_get("", "tokens").map_err(from_orm)?;
        Ok(DayUsage {
            messages: u64::try_from(messages).map_err(|_error| unreadable("quantity"))?,
            tokens: u64::try_from(tokens).map_err(|_error| unreadable("input_tokens"))?,
        })
    }
}

/// Minute, agent, kind, model.
type MinuteKey = (i64, Uuid, String, String);

#[derive(Debug, Default)]
struct MinuteSum {
    quantity: i64,
    input_tokens: i64,
    output_tokens: i64,
    events: u64,
}

fn sum_by_minute(facts: &[QueryResult]) -> Result<BTreeMap<MinuteKey, MinuteSum>, DbErr> {
    let mut sums: BTreeMap<MinuteKey, MinuteSum> = BTreeMap::new();
    for row in facts {
        let fact = usage_events::Model::from_query_result(row, "")?;
        let minute = fact.at.div_euclid(MINUTE_MILLIS);
        let sum = sums.entry((minute, fact.agent_id, fact.kind, fact.model)).or_default();
        sum.quantity = sum.quantity.saturating_add(fact.quantity);
        sum.input_tokens = sum.input_tokens.saturating_add(fact.input_tokens);
        sum.output_tokens = sum.output_tokens.saturating_add(fact.output_tokens);
        sum.events += 1;
    }
    Ok(sums)
}

impl MinuteSum {
    fn row(&self, tenant: Uuid, key: MinuteKey) -> usage_minutes::ActiveModel {
        let (minute, agent_id, kind, model) = key;
        usage_minutes::ActiveModel {
            tenant_id: Set(tenant),
            minute: Set(minute),
            agent_id: Set(agent_id),
            kind: Set(kind),
            model: Set(model),
            quantity: Set(self.quantity),
            input_tokens: Set(self.input_tokens),
            output_tokens: Set(self.output_tokens),
            events: Set(to_count(self.events)),
        }
    }
}

fn added_up() -> OnConflict {
    use usage_minutes::Column;
    let mut added = OnConflict::columns([
        Column::TenantId,
        Column::Minute,
        Column::AgentId,
        Column::Kind,
        Column::Model,
    ]);
    for (column, sum) in [
        (Column::Quantity, "usage_minutes.quantity + excluded.quantity"),
        (Column::InputTokens, "usage_minutes.input_tokens + excluded.input_tokens"),
        (Column::OutputTokens, "usage_minutes.output_tokens + excluded.output_tokens"),
        (Column::Events, "usage_minutes.events + excluded.events"),
    ] {
        added.value(column, Expr::cust(sum));
    }
    added
}
