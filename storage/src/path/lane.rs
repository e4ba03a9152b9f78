//! A writer lane: takes what is queued, commits it as one transaction, answers each caller.
//!
//! A batch grows while the one before it is being committed, so the load itself sets its size. A
//! statement that the database refuses is found by running the operations of its batch one by
//! one: the others must not pay for it. A connection that is lost answers all as unavailable, and
//! the next batch makes a new one.

use super::batch::{Answers, RunError, Single, is_ingest, run, single};
use super::operation::{Answer, Operation};
use super::postgres::PostgresEngine;
use super::sqlite::SqliteEngine;
use super::statement::Texts;
use crate::database::{Backend, Database, DatabaseSettings, PostgresBackend, SqliteBackend};
use crate::error::{lost_race, timed_out};
use crate::scope::NAME_TENANT_FOR_SESSION;
use rookery_domain::id::TenantId;
use rookery_domain::ports::StoreError;
use sqlx::{Connection, Executor, PgConnection};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// How long the database may take over one batch.
const BATCH_LIMIT: Duration = Duration::from_secs(20);

/// Runs of one operation that loses against other transactions.
const RACES_MAX: u32 = 3;

/// A write and whoever waits for it.
#[derive(Debug)]
pub(super) struct Submission {
    pub(super) operation: Operation,
    pub(super) reply: oneshot::Sender<Result<Answer, StoreError>>,
}

/// What all lanes count together.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) statements: AtomicU64,
}

/// Bytes of raw payload that wait in a lane.
#[derive(Debug, Default)]
pub(super) struct Waiting(AtomicUsize);

impl Waiting {
    /// Takes room in the queue, if there is any.
    pub(super) fn reserve(&self, bytes: usize, max: usize) -> bool {
        self.0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |waiting| {
                let wanted = waiting.saturating_add(bytes);
                (wanted <= max || waiting == 0).then_some(wanted)
            })
            .is_ok()
    }

    pub(super) fn give_back(&self, bytes: usize) {
        self.0.fetch_sub(bytes, Ordering::AcqRel);
    }
}

#[derive(Debug)]
pub(super) struct Lane {
    database: Database,
    queue: mpsc::Receiver<Submission>,
    waiting: Arc<Waiting>,
    counters: Arc<Counters>,
    writer: Option<Writer>,
    texts: Texts,
    /// Inbox rows in the batch before: how many are likely to come again.
    recent_ingest: usize,
}

impl Lane {
    pub(super) fn new(
        database: Database,
        queue: mpsc::Receiver<Submission>,
        waiting: Arc<Waiting>,
        counters: Arc<Counters>,
    ) -> Self {
        Self {
            database,
            queue,
            waiting,
            counters,
            writer: None,
            texts: Texts::default(),
            recent_ingest: 0,
        }
    }

    /// Works until the database is closed and the queue is empty, or nobody can submit any more.
    pub(super) async fn work(mut self) {
        let closing = self.database.closing().clone();
        loop {
            let first = tokio::select! {
                biased;
                first = self.queue.recv() => first,
                () = closing.cancelled(), if !self.queue.is_closed() => {
                    self.queue.close();
                    continue;
                }
            };
            let Some(first) = first else { break };
            let batch = self.collect(first).await;
            self.commit(batch).await;
        }
        if let Some(writer) = self.writer.take()
            && let Err(error) = writer.connection.close().await
        {
            tracing::debug!(%error, "a writer's connection was already closed");
        }
    }

    /// What is queued now; inbox rows wait a moment for as many as came together last time.
    async fn collect(&mut self, first: Submission) -> Vec<Submission> {
        let settings: &DatabaseSettings = self.database.settings();
        let (max, linger) = (settings.batch_ops_max.max(1), settings.linger);
        let mut batch = Vec::with_capacity(self.queue.len().saturating_add(1).min(max));
        batch.push(first);
        let started = Instant::now();
        loop {
            while batch.len() < max
                && let Ok(next) = self.queue.try_recv()
            {
                batch.push(next);
            }
            let only_ingest = batch.iter().all(|next| is_ingest(&next.operation));
            let wanted = self.recent_ingest.min(max);
            if !only_ingest || batch.len() >= wanted {
                break;
            }
            match tokio::time::timeout_at(started + linger, self.queue.recv()).await {
                Ok(Some(next)) => batch.push(next),
                Ok(None) | Err(_) => break,
            }
        }
        let ingest = batch.iter().filter(|next| is_ingest(&next.operation));
        self.recent_ingest = ingest.count();
        batch
    }

    async fn commit(&mut self, batch: Vec<Submission>) {
        let started = Instant::now();
        let operations: Vec<&Operation> = batch.iter().map(|next| &next.operation).collect();
        let answers = self.settle(&operations).await;
        let ops = u32::try_from(batch.len()).unwrap_or(u32::MAX);
        metrics::histogram!("rookery_store_batch_ops").record(f64::from(ops));
        metrics::histogram!("rookery_store_batch_seconds").record(started.elapsed().as_secs_f64());
        for (submission, answer) in batch.into_iter().zip(answers) {
            self.waiting.give_back(submission.operation.raw_bytes);
            // Whoever asked may have gone; the write stands all the same.
            let _gone = submission.reply.send(answer);
        }
    }

    /// Runs a batch; after a refusal each operation alone.
    async fn settle(&mut self, operations: &[&Operation]) -> Answers {
        let error = match self.attempt(operations).await {
            Ok(answers) => return answers,
            Err(error) => error,
        };
        if !error.is_of_one_operation() {
            return operations.iter().map(|_| Err(error.answer())).collect();
        }
        let mut answers = Vec::with_capacity(operations.len());
        let mut outage: Option<Failure> = None;
        for operation in operations {
            if let Some(outage) = &outage {
                answers.push(Err(outage.answer()));
                continue;
            }
            match self.attempt_alone(operation).await {
                Ok(answer) => answers.push(answer),
                Err(failure) => {
                    answers.push(Err(failure.answer()));
                    outage = (!failure.is_of_one_operation()).then_some(failure);
                }
            }
        }
        answers
    }

    async fn attempt_alone(
        &mut self,
        operation: &Operation,
    ) -> Result<Result<Answer, StoreError>, Failure> {
        let mut races = 1;
        loop {
            match self.attempt(&[operation]).await {
                Ok(mut answers) => {
                    return Ok(answers.pop().unwrap_or_else(|| {
                        Err(StoreError::Broken("a write was not answered".to_owned()))
                    }));
                }
                Err(failure) if failure.is_lost_race() && races < RACES_MAX => races += 1,
                Err(failure) => return Err(failure),
            }
        }
    }

    async fn attempt(&mut self, operations: &[&Operation]) -> Result<Answers, Failure> {
        let database = self.database.clone();
        match database.backend() {
            Backend::Sqlite(backend) => self.attempt_sqlite(backend, operations).await,
            Backend::Postgres(backend) => {
                let attempt = self.attempt_postgres(backend, operations);
                match tokio::time::timeout(BATCH_LIMIT, attempt).await {
                    Ok(outcome) => outcome,
                    Err(_elapsed) => Err(Failure::TimedOut),
                }
            }
        }
    }

    async fn attempt_sqlite(
        &mut self,
        backend: &SqliteBackend,
        operations: &[&Operation],
    ) -> Result<Answers, Failure> {
        let transaction = backend.writer.begin_with("BEGIN IMMEDIATE").await?;
        let mut engine = SqliteEngine { transaction, texts: &mut self.texts, statements: 2 };
        let answers = run(&mut engine, operations).await?;
        let statements = engine.statements;
        engine.transaction.commit().await?;
        self.count(statements);
        Ok(answers)
    }

    async fn attempt_postgres(
        &mut self,
        backend: &PostgresBackend,
        operations: &[&Operation],
    ) -> Result<Answers, Failure> {
        match single(operations) {
            Some(only) => self.attempt_single(backend, operations, only).await,
            None => self.attempt_transaction(backend, operations).await,
        }
    }

    /// One statement, without a transaction around it: a lone turn waits for five of these. A kept
    /// connection may have broken while it rested, or may break now; every write may be repeated, so
    /// it is, on a new one.
    async fn attempt_single(
        &mut self,
        backend: &PostgresBackend,
        operations: &[&Operation],
        only: Single,
    ) -> Result<Answers, Failure> {
        if let Some(kept) = self.writer.take() {
            match self.run_single(kept, operations, only).await {
                Err(failure) if matches!(failure.answer(), StoreError::Unavailable(_)) => {
                    tracing::debug!(?failure, "a writer's connection was gone; making a new one");
                }
                outcome => return outcome,
            }
        }
        let made = Writer { connection: backend.writer().await?, named: None };
        self.run_single(made, operations, only).await
    }

    async fn run_single(
        &mut self,
        mut writer: Writer,
        operations: &[&Operation],
        only: Single,
    ) -> Result<Answers, Failure> {
        let named = writer.name(only.tenant).await?;
        let mut engine = PostgresEngine {
            connection: &mut writer.connection,
            texts: &mut self.texts,
            statements: u64::from(named),
            single: Some(only),
        };
        // What fails was rolled back by the server itself; its connection goes with it.
        let answers = run(&mut engine, operations).await?;
        let statements = engine.statements;
        self.writer = Some(writer);
        self.count(statements);
        Ok(answers)
    }

    async fn attempt_transaction(
        &mut self,
        backend: &PostgresBackend,
        operations: &[&Operation],
    ) -> Result<Answers, Failure> {
        // Taken out: if this future is dropped or fails, the connection goes with it.
        let mut writer = self.begin_postgres(backend).await?;
        let mut engine = PostgresEngine {
            connection: &mut writer.connection,
            texts: &mut self.texts,
            statements: 2,
            single: None,
        };
        match run(&mut engine, operations).await {
            Ok(answers) => {
                let statements = engine.statements;
                writer.connection.execute("COMMIT").await?;
                self.writer = Some(writer);
                self.count(statements);
                Ok(answers)
            }
            Err(error) => {
                if writer.connection.execute("ROLLBACK").await.is_ok() {
                    self.writer = Some(writer);
                }
                Err(Failure::Run(error))
            }
        }
    }

    /// A connection that broke while it rested is no reason to refuse: nothing was sent on it.
    async fn begin_postgres(&mut self, backend: &PostgresBackend) -> Result<Writer, Failure> {
        if let Some(mut kept) = self.writer.take() {
            match kept.connection.execute("BEGIN").await {
                Ok(_begun) => return Ok(kept),
                Err(error) => {
                    tracing::debug!(%error, "a writer's connection was gone; making a new one");
                }
            }
        }
        let mut made = Writer { connection: backend.writer().await?, named: None };
        made.connection.execute("BEGIN").await?;
        Ok(made)
    }

    fn count(&self, statements: u64) {
        self.counters.statements.fetch_add(statements, Ordering::Relaxed);
        metrics::counter!("rookery_store_statements_total").increment(statements);
    }
}

/// A connection of PostgreSQL that one lane has for itself.
#[derive(Debug)]
struct Writer {
    connection: PgConnection,
    /// Whose rows it sees outside of a transaction.
    named: Option<TenantId>,
}

impl Writer {
    /// Gives it the tenant's name, by a statement of its own before the first that row security
    /// guards. Says whether it had another.
    async fn name(&mut self, tenant: TenantId) -> Result<bool, sqlx::Error> {
        if self.named == Some(tenant) {
            return Ok(false);
        }
        self.named = None;
        sqlx::query(NAME_TENANT_FOR_SESSION)
            .bind(tenant.as_uuid().to_string())
            .execute(&mut self.connection)
            .await?;
        self.named = Some(tenant);
        Ok(true)
    }
}

/// Why a batch was not committed, as far as is known.
#[derive(Debug)]
enum Failure {
    Run(RunError),
    TimedOut,
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        Self::Run(error)
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Run(RunError::Database(error))
    }
}

impl Failure {
    fn answer(&self) -> StoreError {
        match self {
            Self::Run(error) => error.to_store_error(),
            Self::TimedOut => timed_out(BATCH_LIMIT),
        }
    }

    fn is_lost_race(&self) -> bool {
        matches!(self, Self::Run(RunError::Database(error)) if lost_race(error))
    }

    /// Whether the others of the batch may well succeed without the one that caused it.
    fn is_of_one_operation(&self) -> bool {
        self.is_lost_race() || !matches!(self.answer(), StoreError::Unavailable(_))
    }
}
