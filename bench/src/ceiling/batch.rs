//! Group commit at its barest: what came while the last transaction ran is the next one.

use super::statements::{
    BARE_POSTGRES, BARE_SQLITE, Cell, HISTORY_SQLITE, Kind, Part, postgres, sqlite,
};
use anyhow::Context as _;
use sqlx::postgres::{PgArguments, PgConnectOptions};
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{
    Arguments as _, AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _,
    PgConnection, Row as _, SqlSafeStr as _, SqlStr, SqliteConnection,
};
use std::collections::{BTreeMap, HashMap};
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use uuid::Uuid;

/// As the subject's.
const QUEUE_MAX: usize = 4_096;
const BATCH_MAX: usize = 256;
/// As the subject's: how long deliveries wait for company.
const LINGER: Duration = Duration::from_millis(2);
const SQLITE_ROWS_MAX: usize = 64;
const PREPARED_MAX: usize = 1_024;
const WRITER_SESSION: &str = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; \
     SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off";

pub(super) type Row = Vec<Cell>;

/// A message of the history: of which session, its number, who said it, what.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub(super) session: Uuid,
    pub(super) seq: i64,
    pub(super) is_user: bool,
    pub(super) text: String,
}

/// One durable write.
#[derive(Debug)]
enum Write {
    /// One row of the bare insert: id, key, raw, time.
    Bare(Uuid, String, bytes::Bytes, i64),
    /// Rows of any parts, and whose history is wanted.
    Rows(Vec<(Part, Row)>, Option<Uuid>),
}

struct Submission {
    write: Write,
    is_delivery: bool,
    reply: oneshot::Sender<Vec<Said>>,
}

/// The way to the one writer.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    queue: mpsc::Sender<Submission>,
}

impl Writer {
    /// Connects and starts it.
    pub(super) async fn start(url: &str, tenant: Uuid) -> anyhow::Result<Self> {
        let store = Store::open(url).await?;
        let (queue, submissions) = mpsc::channel(QUEUE_MAX);
        tokio::spawn(async move {
            let work = Work { store, tenant, texts: HashMap::new(), recent_deliveries: 0 };
            if let Err(error) = work.run(submissions).await {
                crate::progress::say(&format!("a ceiling's writer failed: {error:#}"));
            }
        });
        Ok(Self { queue })
    }

    /// Inserts one raw delivery; returns when it is durable.
    pub(super) async fn bare(
        &self,
        id: Uuid,
        key: String,
        raw: bytes::Bytes,
        at: i64,
    ) -> anyhow::Result<()> {
        self.submit(Write::Bare(id, key, raw, at)).await.map(|_nothing| ())
    }

    /// Writes rows; returns when they are durable, with the history of a session.
    pub(super) async fn rows(
        &self,
        rows: Vec<(Part, Row)>,
        history_of: Option<Uuid>,
    ) -> anyhow::Result<Vec<Said>> {
        self.submit(Write::Rows(rows, history_of)).await
    }

    async fn submit(&self, write: Write) -> anyhow::Result<Vec<Said>> {
        let (reply, answer) = oneshot::channel();
        let is_delivery = match &write {
            Write::Bare(..) => true,
            Write::Rows(rows, _) => rows.iter().any(|(part, _)| *part == Part::Inbox),
        };
        let submission = Submission { write, is_delivery, reply };
        self.queue.send(submission).await.ok().context("the writer has ended")?;
        answer.await.context("a write failed")
    }
}

enum Store {
    Postgres(Box<PgConnection>),
    Sqlite(Box<SqliteConnection>),
}

impl Store {
    async fn open(url: &str) -> anyhow::Result<Self> {
        if url.starts_with("postgres") {
            let options = PgConnectOptions::from_str(url)?.disable_statement_logging();
            let mut connection = options.connect().await?;
            connection.execute(WRITER_SESSION).await?;
            return Ok(Self::Postgres(Box::new(connection)));
        }
        let options = SqliteConnectOptions::from_str(url)?
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .statement_cache_capacity(PREPARED_MAX)
            .disable_statement_logging();
        Ok(Self::Sqlite(Box::new(options.connect().await?)))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Shape {
    Together(Vec<Part>),
    Rows(Part, usize),
    Bare(usize),
}

struct Work {
    store: Store,
    tenant: Uuid,
    texts: HashMap<Shape, Arc<str>>,
    /// Deliveries in the batch before.
    recent_deliveries: usize,
}

impl Work {
    async fn run(mut self, mut submissions: mpsc::Receiver<Submission>) -> anyhow::Result<()> {
        while let Some(first) = submissions.recv().await {
            let batch = self.collect(first, &mut submissions).await;
            let is_bare = batch.iter().all(|next| matches!(next.write, Write::Bare(..)));
            let mut history: HashMap<Uuid, Vec<Said>> = HashMap::new();
            if is_bare {
                self.insert_bare(&batch).await?;
            } else {
                for said in self.commit(&batch).await? {
                    history.entry(said.session).or_default().push(said);
                }
            }
            for Submission { write, reply, .. } in batch {
                let wanted = match write {
                    Write::Rows(_, Some(session)) => history.remove(&session),
                    _ => None,
                };
                // Whoever asked may have gone.
                let _gone = reply.send(wanted.unwrap_or_default());
            }
        }
        Ok(())
    }

    /// What is queued now; deliveries wait a moment for as many as came together last time.
    async fn collect(
        &mut self,
        first: Submission,
        submissions: &mut mpsc::Receiver<Submission>,
    ) -> Vec<Submission> {
        let mut batch = vec![first];
        let until = Instant::now() + LINGER;
        loop {
            while batch.len() < BATCH_MAX
                && let Ok(next) = submissions.try_recv()
            {
                batch.push(next);
            }
            let deliveries = batch.iter().filter(|next| next.is_delivery).count();
            if deliveries < batch.len() || batch.len() >= self.recent_deliveries.min(BATCH_MAX) {
                self.recent_deliveries = deliveries;
                return batch;
            }
            if let Ok(Some(next)) = tokio::time::timeout_at(until, submissions.recv()).await {
                batch.push(next);
            } else {
                self.recent_deliveries = batch.len();
                return batch;
            }
        }
    }

    async fn insert_bare(&mut self, batch: &[Submission]) -> anyhow::Result<()> {
        let rows: Vec<_> = batch
            .iter()
            .filter_map(|next| match &next.write {
                Write::Bare(id, key, raw, at) => Some((*id, key.as_str(), raw.as_ref(), *at)),
                Write::Rows(..) => None,
            })
            .collect();
        let tenant = self.tenant;
        let text = self.text(Shape::Bare(rows.len()));
        match &mut self.store {
            Store::Postgres(connection) => {
                sqlx::query(BARE_POSTGRES)
                    .bind(tenant)
                    .bind(rows.iter().map(|row| row.0).collect::<Vec<Uuid>>())
                    .bind(rows.iter().map(|row| row.1).collect::<Vec<&str>>())
                    .bind(rows.iter().map(|row| row.2).collect::<Vec<&[u8]>>())
                    .bind(rows.iter().map(|row| row.3).collect::<Vec<i64>>())
                    .execute(connection.as_mut())
                    .await?;
            }
            Store::Sqlite(connection) => {
                let mut query = sqlx::query(text);
                for (id, key, raw, at) in rows {
                    query = query.bind(tenant).bind(id).bind(tenant).bind(key).bind(raw).bind(at);
                }
                query.execute(connection.as_mut()).await?;
            }
        }
        Ok(())
    }

    async fn commit(&mut self, batch: &[Submission]) -> anyhow::Result<Vec<Said>> {
        let mut by_part: BTreeMap<Part, Vec<&Row>> = BTreeMap::new();
        for next in batch {
            if let Write::Rows(rows, _) = &next.write {
                for (part, row) in rows {
                    by_part.entry(*part).or_default().push(row);
                }
            }
        }
        match self.store {
            Store::Postgres(_) => self.commit_postgres(by_part).await,
            Store::Sqlite(_) => self.commit_sqlite(by_part).await,
        }
    }

    async fn commit_postgres(
        &mut self,
        by_part: BTreeMap<Part, Vec<&Row>>,
    ) -> anyhow::Result<Vec<Said>> {
        let text = self.text(Shape::Together(by_part.keys().copied().collect()));
        let tenant = self.tenant;
        let Store::Postgres(connection) = &mut self.store else {
            anyhow::bail!("not on PostgreSQL");
        };
        connection.execute("BEGIN").await?;
        sqlx::query(
            "SELECT set_config('app.current_tenant', $1, true), owner, epoch FROM ownership \
             WHERE tenant_id = $2 FOR SHARE",
        )
        .bind(tenant.to_string())
        .bind(tenant)
        .fetch_one(connection.as_mut())
        .await?;
        let mut arguments = PgArguments::default();
        for (part, rows) in &by_part {
            bind_arrays(&mut arguments, *part, rows)?;
        }
        let found = sqlx::query_with(text, arguments).fetch_all(connection.as_mut()).await?;
        connection.execute("COMMIT").await?;
        found
            .iter()
            .map(|row| {
                let author: String = row.try_get(2)?;
                Ok(Said {
                    session: row.try_get(0)?,
                    seq: row.try_get(1)?,
                    is_user: author == "user",
                    text: row.try_get(3)?,
                })
            })
            .collect()
    }

    async fn commit_sqlite(
        &mut self,
        by_part: BTreeMap<Part, Vec<&Row>>,
    ) -> anyhow::Result<Vec<Said>> {
        let mut statements = Vec::new();
        for (part, rows) in by_part {
            let mut rest = rows.as_slice();
            while let Some(largest) = rest.len().checked_ilog2() {
                let most = if part == Part::History { 1 } else { SQLITE_ROWS_MAX };
                let (now, later) = rest.split_at((1 << largest).min(most));
                rest = later;
                let text = match part {
                    Part::History => AssertSqlSafe(HISTORY_SQLITE).into_sql_str(),
                    _ => self.text(Shape::Rows(part, now.len())),
                };
                statements.push((part, text, values(now)?));
            }
        }
        let tenant = self.tenant;
        let Store::Sqlite(connection) = &mut self.store else {
            anyhow::bail!("not on SQLite");
        };
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query("SELECT owner, epoch FROM ownership WHERE tenant_id = ?1")
            .bind(tenant)
            .fetch_one(&mut *transaction)
            .await?;
        let mut history = Vec::new();
        for (part, text, arguments) in statements {
            let query = sqlx::query_with(text, arguments);
            if part != Part::History {
                query.execute(&mut *transaction).await?;
                continue;
            }
            for row in query.fetch_all(&mut *transaction).await? {
                let author: String = row.try_get(2)?;
                history.push(Said {
                    session: row.try_get(0)?,
                    seq: row.try_get(1)?,
                    is_user: author == "user",
                    text: row.try_get(3)?,
                });
            }
        }
        transaction.commit().await?;
        Ok(history)
    }

    fn text(&mut self, shape: Shape) -> SqlStr {
        let text = self.texts.entry(shape).or_insert_with_key(|shape| match shape {
            Shape::Together(parts) => postgres(parts).into(),
            Shape::Rows(part, rows) => sqlite(*part, *rows).into(),
            Shape::Bare(rows) => {
                let row = "(?, ?, ?, 'telegram', ?, ?, ?, 0)";
                format!("{BARE_SQLITE}{}", vec![row; *rows].join(", ")).into()
            }
        });
        AssertSqlSafe(Arc::clone(text)).into_sql_str()
    }
}

fn bind_arrays(arguments: &mut PgArguments, part: Part, rows: &[&Row]) -> anyhow::Result<()> {
    for (column, (_, kind)) in part.statement().columns.iter().enumerate() {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let bound = match kind {
            Kind::Uuid => arguments.add(
                cells
                    .map(|cell| if let Cell::Uuid(value) = cell { *value } else { None })
                    .collect::<Vec<Option<Uuid>>>(),
            ),
            Kind::Int => arguments.add(
                cells
                    .map(|cell| if let Cell::Int(value) = cell { Some(*value) } else { None })
                    .collect::<Vec<Option<i64>>>(),
            ),
            Kind::Text => arguments.add(
                cells
                    .map(|cell| if let Cell::Text(value) = cell { value.as_deref() } else { None })
                    .collect::<Vec<Option<&str>>>(),
            ),
            Kind::Bytes => {
                arguments.add(
                    cells
                        .map(|cell| {
                            if let Cell::Bytes(value) = cell { Some(value.as_ref()) } else { None }
                        })
                        .collect::<Vec<Option<&[u8]>>>(),
                )
            }
            Kind::Flag => arguments.add(
                cells
                    .map(|cell| if let Cell::Flag(value) = cell { Some(*value) } else { None })
                    .collect::<Vec<Option<bool>>>(),
            ),
        };
        bound.map_err(anyhow::Error::from_boxed)?;
    }
    Ok(())
}

fn values(rows: &[&Row]) -> anyhow::Result<SqliteArguments> {
    let mut arguments = SqliteArguments::default();
    for cell in rows.iter().flat_map(|row| row.iter()) {
        let bound = match cell {
            Cell::Uuid(value) => arguments.add(*value),
            Cell::Int(value) => arguments.add(*value),
            Cell::Text(value) => arguments.add(value.clone()),
            Cell::Bytes(value) => arguments.add(value.to_vec()),
            Cell::Flag(value) => arguments.add(*value),
        };
        bound.map_err(anyhow::Error::from_boxed)?;
    }
    Ok(arguments)
}
