//! The audit log: entries of a tenant in a chain of SHA-256 hashes, each over the one before.
//!
//! Appending is serialised per tenant (an advisory lock on PostgreSQL, the one writer on SQLite)
//! and repeating an entry, recognised by its id, has no effect. The hashing is pure; the two ways
//! to append are here for the mapper's transactions and in the writer lanes for theirs. What does
//! *not* belong here: what is worth an entry.

use crate::database::Database;
use crate::entity::audit_log;
use crate::error::from_orm;
use crate::scope::TenantTransaction;
use ring::digest::{Context, SHA256};
use rookery_domain::audit::AuditEntry;
use rookery_domain::id::TenantId;
use rookery_domain::ports::StoreError;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, QueryFilter, QueryOrder,
    QuerySelect, Statement,
};
use std::collections::HashSet;
use uuid::Uuid;

/// Serialises appending to one tenant's chain until the transaction ends. Two tenants that share
/// the key only wait for each other.
pub(crate) const LOCK_CHAIN: &str = "SELECT pg_advisory_xact_lock($1)";

/// Rows checked in one query.
const VERIFY_PAGE: u64 = 500;

/// The end of a tenant's chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChainEnd {
    pub(crate) seq: i64,
    pub(crate) hash: Vec<u8>,
}

impl ChainEnd {
    /// Before the first entry.
    pub(crate) const fn start() -> Self {
        Self { seq: 0, hash: Vec::new() }
    }

    /// Adds an entry and moves the end behind it.
    pub(crate) fn link(&mut self, tenant: TenantId, entry: &AuditEntry) -> audit_log::Model {
        let mut row = audit_log::Model {
            tenant_id: tenant.as_uuid(),
            seq: self.seq + 1,
            id: entry.id.as_uuid(),
            actor: entry.actor.clone(),
            action: entry.action.clone(),
            subject: entry.subject.clone(),
            details: entry.details.to_string(),
            at: entry.at.as_millis(),
            previous_hash: self.hash.clone(),
            hash: Vec::new(),
        };
        row.hash = hash(&row);
        *self = Self { seq: row.seq, hash: row.hash.clone() };
        row
    }
}

/// The advisory lock's key of a tenant's chain.
pub(crate) fn chain_key(tenant: TenantId) -> i64 {
    let (high, low) = tenant.as_uuid().as_u64_pair();
    (high ^ low.rotate_left(1)).cast_signed()
}

/// Lengths stand before texts, so that no two different rows are hashed over the same bytes.
fn hash(row: &audit_log::Model) -> Vec<u8> {
    let mut context = Context::new(&SHA256);
    context.update(row.tenant_id.as_bytes());
    context.update(&row.seq.to_be_bytes());
    context.update(row.id.as_bytes());
    context.update(&row.at.to_be_bytes());
    for part in [&row.actor, &row.action, &row.subject, &row.details] {
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
        context.update(&length.to_be_bytes());
        context.update(part.as_bytes());
    }
    context.update(&row.previous_hash);
    context.finish().as_ref().to_vec()
}

/// Appends entries to the chain of the transaction's tenant.
pub(crate) async fn append(
    transaction: &TenantTransaction,
    entries: &[AuditEntry],
) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let tenant = transaction.tenant();
    let connection = transaction.connection();
    if connection.get_database_backend() == DbBackend::Postgres {
        let lock = Statement::from_sql_and_values(
            DbBackend::Postgres,
            LOCK_CHAIN,
            [chain_key(tenant).into()],
        );
        connection.execute_raw(lock).await.map_err(from_orm)?;
    }
    let known = known_ids(transaction, entries).await?;
    let last = transaction
        .find::<audit_log::Entity>()
        .order_by_desc(audit_log::Column::Seq)
        .one(connection)
        .await
        .map_err(from_orm)?;
    let mut end =
        last.map_or_else(ChainEnd::start, |row| ChainEnd { seq: row.seq, hash: row.hash });
    for entry in entries {
        if !known.contains(&entry.id.as_uuid()) {
            let row = end.link(tenant, entry);
            transaction.insert(active(row)).await?;
        }
    }
    Ok(())
}

async fn known_ids(
    transaction: &TenantTransaction,
    entries: &[AuditEntry],
) -> Result<HashSet<Uuid>, StoreError> {
    let ids = entries.iter().map(|entry| entry.id.as_uuid());
    let known: Vec<Uuid> = transaction
        .find::<audit_log::Entity>()
        .select_only()
        .column(audit_log::Column::Id)
        .filter(audit_log::Column::Id.is_in(ids))
        .into_tuple()
        .all(transaction.connection())
        .await
        .map_err(from_orm)?;
    Ok(known.into_iter().collect())
}

fn active(row: audit_log::Model) -> audit_log::ActiveModel {
    audit_log::ActiveModel {
        tenant_id: Set(row.tenant_id),
        seq: Set(row.seq),
        id: Set(row.id),
        actor: Set(row.actor),
        action: Set(row.action),
        subject: Set(row.subject),
        details: Set(row.details),
        at: Set(row.at),
        previous_hash: Set(row.previous_hash),
        hash: Set(row.hash),
    }
}

/// Where a chain does not continue from the row before: the sequence number of the first row that
/// was changed, moved or follows a gap.
fn first_break(end: &mut ChainEnd, rows: &[audit_log::Model]) -> Option<i64> {
    for row in rows {
        let continues = row.seq == end.seq + 1 && row.previous_hash == end.hash;
        if !continues || hash(row) != row.hash {
            return Some(row.seq);
        }
        *end = ChainEnd { seq: row.seq, hash: row.hash.clone() };
    }
    None
}

impl Database {
    /// Checks a tenant's audit chain: `None` if it is whole, else the sequence number of the first
    /// entry that was changed, moved or follows a missing one. A cut-off end cannot be seen here.
    pub async fn verify_audit(&self, tenant: TenantId) -> Result<Option<i64>, StoreError> {
        let transaction = self.scope().read(tenant).await?;
        let mut end = ChainEnd::start();
        loop {
            let page = transaction
                .find::<audit_log::Entity>()
                .filter(audit_log::Column::Seq.gt(end.seq))
                .order_by_asc(audit_log::Column::Seq)
                .limit(VERIFY_PAGE)
                .all(transaction.connection())
                .await
                .map_err(from_orm)?;
            if page.is_empty() {
                transaction.commit().await?;
                return Ok(None);
            }
            if let Some(seq) = first_break(&mut end, &page) {
                return Ok(Some(seq));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ChainEnd, audit_log, first_break};
    use proptest::prelude::*;
    use rookery_domain::Timestamp;
    use rookery_domain::audit::AuditEntry;
    use rookery_domain::id::{AuditId, TenantId};
    use uuid::Uuid;

    fn chain(length: u8) -> Vec<audit_log::Model> {
        let tenant = TenantId::from_uuid(Uuid::from_u128(1));
        let mut end = ChainEnd::start();
        (0..length)
            .map(|index| {
                end.link(
                    tenant,
                    &AuditEntry {
                        id: AuditId::from_uuid(Uuid::from_u128(u128::from(index))),
                        actor: "runtime".to_owned(),
                        action: "outbox.ambiguous".to_owned(),
                        subject: index.to_string(),
                        details: serde_json::json!({ "n": index }),
                        at: Timestamp::from_millis(i64::from(index)),
                    },
                )
            })
            .collect()
    }

    proptest! {
        #[test]
        fn a_changed_entry_is_found(length in 1_u8..20, place: prop::sample::Index, what in 0..5) {
            let mut rows = chain(length);
            let index = place.index(rows.len());
            let row = &mut rows[index];
            match what {
                0 => row.subject.push('!'),
                1 => row.details = "{}".to_owned(),
                2 => row.at += 1,
                3 => row.hash[0] ^= 1,
                _ => row.actor = "operator".to_owned(),
            }
            let expected = row.seq;
            prop_assert_eq!(first_break(&mut ChainEnd::start(), &rows), Some(expected));
        }

        #[test]
        fn a_removed_entry_is_found(length in 2_u8..20, place: prop::sample::Index) {
            let mut rows = chain(length);
            let index = place.index(rows.len() - 1);
            let next = rows[index + 1].seq;
            rows.remove(index);
            prop_assert_eq!(first_break(&mut ChainEnd::start(), &rows), Some(next));
        }
    }

    #[test]
    fn an_untouched_chain_is_whole() {
        assert_eq!(first_break(&mut ChainEnd::start(), &chain(9)), None);
    }
}
