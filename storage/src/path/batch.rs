//! Runs a batch of writes in one transaction: tenant by tenant where the database must be told the
//! tenant, each operation answered for itself.

use super::conclude;
use super::operation::{Answer, Operation, Outcome};
use super::part::Part;
use super::rows::{Call, Report, Row};
use crate::audit::ChainEnd;
use crate::error::from_sqlx;
use rookery_domain::audit::AuditEntry;
use rookery_domain::id::TenantId;
use rookery_domain::ownership::Lease;
use rookery_domain::ports::StoreError;
use std::collections::{BTreeMap, HashSet};
use uuid::Uuid;

/// An open transaction on one of the databases.
pub(super) trait Engine {
    /// Operations that may share a statement, by place in the batch.
    fn groups(&self, operations: &[&Operation]) -> Vec<Vec<usize>>;

    /// Names the group's tenant where needed, and holds the ownership rows of its leases. Answers
    /// for each operation whether it may go on.
    async fn enter(&mut self, group: &[&Operation]) -> Result<Vec<bool>, sqlx::Error>;

    /// Runs parts together.
    async fn run(&mut self, calls: Vec<Call<'_>>) -> Result<Report, RunError>;

    /// Serialises the tenant's audit chain and reads its end.
    async fn chain_end(&mut self, tenant: TenantId) -> Result<ChainEnd, sqlx::Error>;
}

/// Why a batch was not run to its end. Nothing of it is kept.
#[derive(Debug)]
pub(super) enum RunError {
    /// The database said no, or nothing.
    Database(sqlx::Error),
    /// A stored value cannot be read.
    Stored(StoreError),
}

impl From<sqlx::Error> for RunError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<StoreError> for RunError {
    fn from(error: StoreError) -> Self {
        Self::Stored(error)
    }
}

impl RunError {
    pub(super) fn to_store_error(&self) -> StoreError {
        match self {
            Self::Database(error) => from_sqlx(error),
            Self::Stored(StoreError::Broken(reason)) => StoreError::Broken(reason.clone()),
            Self::Stored(other) => StoreError::Broken(other.to_string()),
        }
    }
}

pub(super) type Answers = Vec<Result<Answer, StoreError>>;

/// Runs all operations. The answers hold once the transaction is committed.
pub(super) async fn run<E: Engine>(
    engine: &mut E,
    operations: &[&Operation],
) -> Result<Answers, RunError> {
    let mut answers: BTreeMap<usize, Result<Answer, StoreError>> = BTreeMap::new();
    for places in engine.groups(operations) {
        let group: Vec<(usize, &Operation)> =
            places.into_iter().filter_map(|place| Some((place, *operations.get(place)?))).collect();
        let members: Vec<&Operation> = group.iter().map(|(_, operation)| *operation).collect();
        let admitted = engine.enter(&members).await?;
        let mut alive = Vec::with_capacity(group.len());
        for ((place, operation), is_admitted) in group.into_iter().zip(admitted) {
            if is_admitted {
                alive.push((place, operation));
            } else {
                answers.insert(place, Err(StoreError::Fenced(operation.tenant)));
            }
        }
        for wave in waves(alive) {
            run_wave(engine, &wave, &mut answers).await?;
        }
    }
    Ok(answers.into_values().collect())
}

/// Operations that share a statement, with their places in the batch.
type Wave<'a> = Vec<(usize, &'a Operation)>;

/// Splits operations so that within a wave no row is touched twice: one statement must not change
/// a row more than once. Operations of one batch run at the same time, so any order is right.
fn waves(operations: Vec<(usize, &Operation)>) -> Vec<Wave<'_>> {
    let mut waves: Vec<(HashSet<Uuid>, Wave<'_>)> = Vec::new();
    for (place, operation) in operations {
        let touches = &operation.touches;
        let free =
            waves.iter_mut().find(|(touched, _)| touches.iter().all(|id| !touched.contains(id)));
        if let Some((touched, members)) = free {
            touched.extend(touches);
            members.push((place, operation));
        } else {
            waves.push((touches.iter().copied().collect(), vec![(place, operation)]));
        }
    }
    waves.into_iter().map(|(_, members)| members).collect()
}

async fn run_wave<E: Engine>(
    engine: &mut E,
    wave: &[(usize, &Operation)],
    answers: &mut BTreeMap<usize, Result<Answer, StoreError>>,
) -> Result<(), RunError> {
    let mut by_part: BTreeMap<Part, Vec<&Row>> = BTreeMap::new();
    for (_, operation) in wave {
        for (part, row) in &operation.rows {
            by_part.entry(*part).or_default().push(row);
        }
    }
    let mut report = Report::default();
    if !by_part.is_empty() {
        let calls = by_part.into_iter();
        let calls = calls.map(|(part, rows)| Call { part, rows }).collect();
        report = engine.run(calls).await?;
    }
    let is_fenced = report.is_fenced;
    let (refused, wave): (Wave<'_>, Wave<'_>) =
        wave.iter().partition(|(_, operation)| is_fenced && operation.lease.is_some());
    for (place, operation) in refused {
        answers.insert(place, Err(StoreError::Fenced(operation.tenant)));
    }
    let members: Vec<&Operation> = wave.iter().map(|(_, operation)| *operation).collect();
    let doubts = conclude::doubts(&members, &report);
    if !doubts.is_empty() {
        let calls = doubts
            .iter()
            .map(|(part, rows)| Call { part: *part, rows: rows.iter().collect() })
            .collect();
        let looked_up = engine.run(calls).await?;
        report.absorb(looked_up);
    }
    let mut audit: BTreeMap<TenantId, Vec<AuditEntry>> = BTreeMap::new();
    for (number, (place, operation)) in (0_i64..).zip(&wave) {
        let concluded = conclude::answer(number, operation, &mut report);
        if !concluded.audit.is_empty() {
            audit.entry(operation.tenant).or_default().extend(concluded.audit);
        }
        answers.insert(*place, concluded.answer);
    }
    for (tenant, entries) in audit {
        append_audit(engine, tenant, &entries).await?;
    }
    Ok(())
}

async fn append_audit<E: Engine>(
    engine: &mut E,
    tenant: TenantId,
    entries: &[AuditEntry],
) -> Result<(), RunError> {
    let mut end = engine.chain_end(tenant).await?;
    let ids: Vec<Row> = entries
        .iter()
        .map(|entry| vec![tenant.as_uuid().into(), entry.id.as_uuid().into()])
        .collect();
    let known =
        engine.run(vec![Call { part: Part::KnownAudit, rows: ids.iter().collect() }]).await?;
    let known: HashSet<Uuid> = known.ids(Part::KnownAudit).collect();
    let rows: Vec<Row> = entries
        .iter()
        .filter(|entry| !known.contains(&entry.id.as_uuid()))
        .map(|entry| conclude::audit_row(end.link(tenant, entry)))
        .collect();
    if !rows.is_empty() {
        let call = Call { part: Part::Audit, rows: rows.iter().collect() };
        engine.run(vec![call]).await?;
    }
    Ok(())
}

/// What one statement can do without a transaction around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Single {
    pub(super) tenant: TenantId,
    /// The statement itself checks and holds it.
    pub(super) lease: Option<Lease>,
}

/// Whether a batch is of one tenant and one wave, under one lease, and leaves nothing in the audit
/// log: then it is one statement, which is a transaction by itself.
pub(super) fn single(operations: &[&Operation]) -> Option<Single> {
    let tenant = operations.first()?.tenant;
    let lease = operations.iter().find_map(|operation| operation.lease);
    let fits = operations.iter().all(|operation| {
        let is_ours = operation.tenant == tenant;
        is_ours
            && (operation.lease.is_none() || operation.lease == lease)
            && !operation.is_audited()
    });
    let numbered = operations.iter().enumerate().map(|(place, operation)| (place, *operation));
    (fits && waves(numbered.collect()).len() == 1).then_some(Single { tenant, lease })
}

/// Whether a batch holds nothing but inbox rows.
pub(super) fn is_ingest(operation: &Operation) -> bool {
    matches!(operation.outcome, Outcome::Appended { .. })
}

#[cfg(test)]
mod tests {
    use super::super::operation::{Operation, Outcome};
    use super::waves;
    use proptest::prelude::*;
    use rookery_domain::id::TenantId;
    use std::collections::HashSet;
    use uuid::Uuid;

    fn operation(touches: &[u8]) -> Operation {
        Operation {
            tenant: TenantId::from_uuid(Uuid::from_u128(1)),
            lease: None,
            touches: touches.iter().map(|id| Uuid::from_u128(u128::from(*id))).collect(),
            rows: Vec::new(),
            audit: Vec::new(),
            outcome: Outcome::Done,
            raw_bytes: 0,
        }
    }

    proptest! {
        #[test]
        fn waves_keep_every_operation_and_touch_no_row_twice(
            sets in prop::collection::vec(prop::collection::hash_set(0_u8..6, 0..3), 0..12),
        ) {
            let operations: Vec<Operation> = sets
                .iter()
                .map(|set| operation(&set.iter().copied().collect::<Vec<u8>>()))
                .collect();
            let planned = waves(operations.iter().enumerate().collect());
            let mut seen = HashSet::new();
            for wave in &planned {
                let mut touched = HashSet::new();
                for (place, operation) in wave {
                    prop_assert!(seen.insert(*place));
                    for id in &operation.touches {
                        prop_assert!(touched.insert(*id));
                    }
                }
            }
            prop_assert_eq!(seen.len(), operations.len());
        }
    }
}
