//! The lanes' transactions on SQLite: all tenants together, one statement per table.

use super::batch::{Engine, RunError};
use super::operation::Operation;
use super::part::Part;
use super::rows::{Call, Cell, Report, Row};
use super::statement::{Shape, Texts};
use super::stored;
use crate::audit::ChainEnd;
use crate::entity::messages;
use rookery_domain::id::TenantId;
use rookery_domain::ownership::Lease;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, Row as _, Sqlite, Transaction};
use std::collections::HashSet;
use uuid::Uuid;

/// Rows of one statement. Sizes are powers of two, so that few texts are prepared.
const ROWS_MAX: usize = 64;

const HISTORY: &str = "SELECT id, seq, session_id, inbox_id, turn_id, created_at, author, text, \
     attachments, sender_name, tenant_id FROM messages WHERE tenant_id = ?1 AND session_id = ?2 \
     AND seq > ?3 AND seq > coalesce((SELECT context_floor_seq FROM sessions \
     WHERE sessions.tenant_id = ?1 AND sessions.id = ?2), 0) ORDER BY seq DESC LIMIT ?4";

/// An open transaction; it holds the one writer.
#[derive(Debug)]
pub(super) struct SqliteEngine<'t> {
    pub(super) transaction: Transaction<'static, Sqlite>,
    pub(super) texts: &'t mut Texts,
    pub(super) statements: u64,
}

impl Engine for SqliteEngine<'_> {
    fn groups(&self, operations: &[&Operation]) -> Vec<Vec<usize>> {
        vec![(0..operations.len()).collect()]
    }

    async fn enter(&mut self, group: &[&Operation]) -> Result<Vec<bool>, sqlx::Error> {
        let mut leases: Vec<Lease> = Vec::new();
        for lease in group.iter().filter_map(|operation| operation.lease) {
            if !leases.contains(&lease) {
                leases.push(lease);
            }
        }
        let rows: Vec<Row> = (0_i64..)
            .zip(&leases)
            .map(|(number, lease)| {
                vec![
                    lease.tenant_id.as_uuid().into(),
                    lease.owner.as_uuid().into(),
                    lease.epoch.0.into(),
                    number.into(),
                ]
            })
            .collect();
        let mut report = Report::default();
        let rows: Vec<&Row> = rows.iter().collect();
        self.run_part(Part::Fences, &rows, &mut report).await?;
        let held: Vec<Lease> = (0_i64..)
            .zip(leases)
            .filter(|(number, _)| report.id(Part::Fences, *number).is_some())
            .map(|(_, lease)| lease)
            .collect();
        Ok(group
            .iter()
            .map(|operation| operation.lease.is_none_or(|lease| held.contains(&lease)))
            .collect())
    }

    async fn run(&mut self, calls: Vec<Call<'_>>) -> Result<Report, RunError> {
        let mut report = Report::default();
        for call in calls {
            if call.part == Part::History {
                for row in call.rows {
                    self.read_history(row, &mut report).await?;
                }
            } else if call.part.is_guarded() {
                let ended: HashSet<Uuid> = report.ids(Part::TurnEnds).collect();
                let mut rows = call.rows;
                rows.retain(|row| match row.last() {
                    Some(Cell::Uuid(Some(turn))) => ended.contains(turn),
                    _ => true,
                });
                self.run_part(call.part, &rows, &mut report).await?;
            } else {
                self.run_part(call.part, &call.rows, &mut report).await?;
            }
        }
        Ok(report)
    }

    async fn chain_end(&mut self, tenant: TenantId) -> Result<ChainEnd, sqlx::Error> {
        self.statements += 1;
        let last: Option<(i64, Vec<u8>)> = sqlx::query_as(
            "SELECT seq, hash FROM audit_log WHERE tenant_id = ?1 ORDER BY seq DESC LIMIT 1",
        )
        .bind(tenant.as_uuid())
        .fetch_optional(&mut *self.transaction)
        .await?;
        Ok(last.map_or_else(ChainEnd::start, |(seq, hash)| ChainEnd { seq, hash }))
    }
}

impl SqliteEngine<'_> {
    async fn run_part(
        &mut self,
        part: Part,
        rows: &[&Row],
        report: &mut Report,
    ) -> Result<(), sqlx::Error> {
        let mut rest = rows;
        while let Some(largest) = rest.len().checked_ilog2() {
            let (now, later) = rest.split_at((1 << largest).min(ROWS_MAX));
            rest = later;
            let text = self.texts.get(Shape::Rows(part, now.len()));
            let query = sqlx::query_with(text, arguments(now)?);
            self.statements += 1;
            if part.definition().reports {
                for row in query.fetch_all(&mut *self.transaction).await? {
                    report.add(part, row.try_get(0)?, row.try_get(1)?);
                }
            } else {
                query.execute(&mut *self.transaction).await?;
            }
        }
        Ok(())
    }

    async fn read_history(&mut self, row: &Row, report: &mut Report) -> Result<(), RunError> {
        self.statements += 1;
        let rows =
            sqlx::query_with(HISTORY, arguments(&[row])?).fetch_all(&mut *self.transaction).await?;
        for row in rows {
            report.history.push(stored::message(messages::Model {
                id: row.try_get(0)?,
                seq: row.try_get(1)?,
                session_id: row.try_get(2)?,
                inbox_id: row.try_get(3)?,
                turn_id: row.try_get(4)?,
                created_at: row.try_get(5)?,
                author: row.try_get(6)?,
                text: row.try_get(7)?,
                attachments: row.try_get(8)?,
                sender_name: row.try_get(9)?,
                tenant_id: row.try_get(10)?,
            })?);
        }
        Ok(())
    }
}

fn arguments(rows: &[&Row]) -> Result<SqliteArguments, sqlx::Error> {
    let mut arguments = SqliteArguments::default();
    arguments.reserve(rows.iter().map(|row| row.len()).sum(), 0);
    for cell in rows.iter().flat_map(|row| row.iter()) {
        match cell {
            Cell::Uuid(value) => Arguments::add(&mut arguments, *value),
            Cell::Int(value) => Arguments::add(&mut arguments, *value),
            Cell::Text(value) => Arguments::add(&mut arguments, value.as_deref()),
            Cell::Bytes(value) => Arguments::add(&mut arguments, value.as_ref()),
            Cell::Flag(value) => Arguments::add(&mut arguments, *value),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}
