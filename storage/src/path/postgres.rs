//! The lanes' transactions on PostgreSQL: one statement per tenant for everything.

use super::batch::{Engine, RunError, Single};
use super::operation::Operation;
use super::part::{Kind, Part};
use super::rows::{Call, Cell, Report, Row};
use super::statement::{Shape, Texts};
use super::stored;
use crate::audit::{ChainEnd, LOCK_CHAIN, chain_key};
use crate::entity::messages;
use crate::scope::NAME_TENANT_AND_FENCE;
use rookery_domain::id::TenantId;
use rookery_domain::ownership::Lease;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Arguments, PgConnection, Row as _};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A connection on which a transaction is open, or one whose statements are transactions by
/// themselves.
#[derive(Debug)]
pub(super) struct PostgresEngine<'c, 't> {
    pub(super) connection: &'c mut PgConnection,
    pub(super) texts: &'t mut Texts,
    pub(super) statements: u64,
    /// No transaction is open, and the connection has the tenant's name.
    pub(super) single: Option<Single>,
}

impl Engine for PostgresEngine<'_, '_> {
    fn groups(&self, operations: &[&Operation]) -> Vec<Vec<usize>> {
        let mut by_tenant: BTreeMap<TenantId, Vec<usize>> = BTreeMap::new();
        for (place, operation) in operations.iter().enumerate() {
            by_tenant.entry(operation.tenant).or_default().push(place);
        }
        // In the order of the ids, as on every other node: rows are locked in one order.
        by_tenant.into_values().collect()
    }

    async fn enter(&mut self, group: &[&Operation]) -> Result<Vec<bool>, sqlx::Error> {
        let Some(first) = group.first() else {
            return Ok(Vec::new());
        };
        if self.single.is_some() {
            return Ok(vec![true; group.len()]);
        }
        let tenant = first.tenant.as_uuid();
        let mut held = None;
        if group.iter().any(|operation| operation.lease.is_some()) {
            self.statements += 1;
            held = sqlx::query(NAME_TENANT_AND_FENCE)
                .bind(tenant.to_string())
                .bind(tenant)
                .fetch_optional(&mut *self.connection)
                .await?
                .map(|row| Ok::<_, sqlx::Error>((row.try_get(1)?, row.try_get(2)?)))
                .transpose()?;
        }
        if held.is_none() {
            self.statements += 1;
            sqlx::query("SELECT set_config('app.current_tenant', $1, true)")
                .bind(tenant.to_string())
                .execute(&mut *self.connection)
                .await?;
        }
        let held: Option<(Option<Uuid>, i64)> = held;
        Ok(group
            .iter()
            .map(|operation| {
                operation
                    .lease
                    .is_none_or(|lease| held == Some((Some(lease.owner.as_uuid()), lease.epoch.0)))
            })
            .collect())
    }

    async fn run(&mut self, calls: Vec<Call<'_>>) -> Result<Report, RunError> {
        let parts: Vec<Part> = calls.iter().map(|call| call.part).collect();
        let mut arguments = PgArguments::default();
        let lease = self.single.and_then(|single| single.lease);
        if let Some(lease) = &lease {
            bind_lease(&mut arguments, lease).map_err(sqlx::Error::Encode)?;
        }
        for call in &calls {
            bind(&mut arguments, call).map_err(sqlx::Error::Encode)?;
        }
        let shape = if lease.is_some() {
            Shape::Fenced(parts.clone())
        } else {
            Shape::Together(parts.clone())
        };
        let text = self.texts.get(shape);
        self.statements += 1;
        let rows = sqlx::query_with(text, arguments).fetch_all(&mut *self.connection).await?;
        let mut report = Report::default();
        report.is_fenced = lease.is_some();
        let fence = i32::try_from(parts.len()).unwrap_or(i32::MAX);
        for row in rows {
            let place: i32 = row.try_get(0)?;
            let part = usize::try_from(place).ok().and_then(|place| parts.get(place));
            match part {
                Some(Part::History) => report.history.push(stored::message(message(&row)?)?),
                Some(part) => report.add(*part, row.try_get(1)?, row.try_get(2)?),
                None => report.is_fenced &= place != fence,
            }
        }
        Ok(report)
    }

    async fn chain_end(&mut self, tenant: TenantId) -> Result<ChainEnd, sqlx::Error> {
        self.statements += 2;
        sqlx::query(LOCK_CHAIN).bind(chain_key(tenant)).execute(&mut *self.connection).await?;
        let last: Option<(i64, Vec<u8>)> = sqlx::query_as(
            "SELECT seq, hash FROM audit_log WHERE tenant_id = $1 ORDER BY seq DESC LIMIT 1",
        )
        .bind(tenant.as_uuid())
        .fetch_optional(&mut *self.connection)
        .await?;
        Ok(last.map_or_else(ChainEnd::start, |(seq, hash)| ChainEnd { seq, hash }))
    }
}

type Bound = Result<(), sqlx::error::BoxDynError>;

fn bind_lease(arguments: &mut PgArguments, lease: &Lease) -> Bound {
    arguments.add(lease.tenant_id.as_uuid())?;
    arguments.add(lease.owner.as_uuid())?;
    arguments.add(lease.epoch.0)
}

fn bind(arguments: &mut PgArguments, call: &Call<'_>) -> Bound {
    for (column, (_, kind)) in call.part.definition().columns.iter().enumerate() {
        let rows = &call.rows;
        match kind {
            Kind::Uuid => arguments.add(column_of(rows, column, |cell| match cell {
                Cell::Uuid(value) => *value,
                _ => None,
            })),
            Kind::Int => arguments.add(column_of(rows, column, |cell| match cell {
                Cell::Int(value) => *value,
                _ => None,
            })),
            Kind::Text => arguments.add(column_of(rows, column, |cell| match cell {
                Cell::Text(value) => value.as_deref(),
                _ => None,
            })),
            Kind::Bytes => arguments.add(column_of(rows, column, |cell| match cell {
                Cell::Bytes(value) => Some(value.as_ref()),
                _ => None,
            })),
            Kind::Flag => arguments.add(column_of(rows, column, |cell| match cell {
                Cell::Flag(value) => Some(*value),
                _ => None,
            })),
        }?;
    }
    Ok(())
}

fn column_of<'a, T>(
    rows: &[&'a Row],
    column: usize,
    value: impl Fn(&'a Cell) -> Option<T>,
) -> Vec<Option<T>> {
    rows.iter().map(|row| row.get(column).and_then(&value)).collect()
}

fn message(row: &PgRow) -> Result<messages::Model, sqlx::Error> {
    Ok(messages::Model {
        // Row security shows this transaction's tenant only, and the caller knows which.
        tenant_id: Uuid::nil(),
        id: row.try_get(1)?,
        seq: row.try_get(2)?,
        session_id: row.try_get(3)?,
        inbox_id: row.try_get(4)?,
        turn_id: row.try_get(5)?,
        created_at: row.try_get(6)?,
        author: row.try_get(7)?,
        text: row.try_get(8)?,
        attachments: row.try_get(9)?,
        sender_name: row.try_get(10)?,
    })
}
