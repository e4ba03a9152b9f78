//! Rows behind the process's back: counted while it serves, and laid down in bulk while it does
//! not. Bulk rows are for PostgreSQL.

use super::subject::{AppliedTenant, Stage};
use crate::outside::{chat_id, ignored_update, mark};
use rookery_domain::id::SessionId;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// How often a count is repeated while it is waited for.
const COUNT_EVERY: Duration = Duration::from_millis(25);

/// A connection that counts.
#[derive(Debug)]
pub enum Counter {
    /// On PostgreSQL, as the superuser, whom row security does not bind.
    Postgres(PgConnection),
    /// On SQLite.
    Sqlite(SqliteConnection),
}

impl Counter {
    pub(super) async fn open(url: &str) -> anyhow::Result<Self> {
        if url.starts_with("postgres") {
            return Ok(Self::Postgres(PgConnection::connect(url).await?));
        }
        Ok(Self::Sqlite(SqliteConnection::connect(url).await?))
    }

    /// The one whole number that a query answers.
    pub async fn count(&mut self, query: &str) -> anyhow::Result<i64> {
        let text = AssertSqlSafe(query.to_owned());
        Ok(match self {
            Self::Postgres(connection) => sqlx::query_scalar(text).fetch_one(connection).await?,
            Self::Sqlite(connection) => sqlx::query_scalar(text).fetch_one(connection).await?,
        })
    }

    /// Makes a change, while no process serves the database.
    pub async fn change(&mut self, statement: &str) -> anyhow::Result<()> {
        let text = AssertSqlSafe(statement.to_owned());
        match self {
            Self::Postgres(connection) => {
                sqlx::query(text).execute(connection).await?;
            }
            Self::Sqlite(connection) => {
                sqlx::query(text).execute(connection).await?;
            }
        }
        Ok(())
    }

    /// Waits until a query answers zero, and says how long that took.
    pub async fn wait_for_none(
        &mut self,
        query: &str,
        limit: Duration,
    ) -> anyhow::Result<Duration> {
        let began = Instant::now();
        loop {
            let left = self.count(query).await?;
            if left == 0 {
                return Ok(began.elapsed());
            }
            if began.elapsed() > limit {
                anyhow::bail!("after {limit:?} {left} rows are left of: {query}");
            }
            tokio::time::sleep(COUNT_EVERY).await;
        }
    }
}

async fn superuser(stage: &Stage) -> anyhow::Result<PgConnection> {
    Ok(PgConnection::connect(stage.server()?.superuser_url()).await?)
}

/// Copies a tenant's configuration under so many new ids: registered tenants that never speak.
pub async fn copy_tenants(
    stage: &Stage,
    applied: &AppliedTenant,
    copies: i64,
) -> anyhow::Result<()> {
    let mut connection = superuser(stage).await?;
    sqlx::query(
        "CREATE TEMP TABLE copies AS SELECT n, gen_random_uuid() AS tenant, \
         gen_random_uuid() AS agent, gen_random_uuid() AS revision, \
         gen_random_uuid() AS connection FROM generate_series(1, $1::bigint) AS n",
    )
    .bind(copies)
    .execute(&mut connection)
    .await?;
    for statement in [
        "INSERT INTO tenants (tenant_id, slug, name, plan, limits, version, created_at) \
         SELECT c.tenant, 'copy-' || c.tenant, o.name, o.plan, o.limits, o.version, o.created_at \
         FROM copies c, tenants o WHERE o.tenant_id = $1",
        "INSERT INTO agents (tenant_id, id, slug, published_revision_id, created_at) \
         SELECT c.tenant, c.agent, o.slug, c.revision, o.created_at \
         FROM copies c, agents o WHERE o.tenant_id = $1",
        "INSERT INTO agent_revisions (tenant_id, id, agent_id, revision, profile, created_at) \
         SELECT c.tenant, c.revision, c.agent, o.revision, o.profile, o.created_at \
         FROM copies c, agent_revisions o WHERE o.tenant_id = $1",
        "INSERT INTO connections (tenant_id, id, slug, channel, agent_id, settings, identity, \
         enabled, created_at, updated_at) SELECT c.tenant, c.connection, o.slug, o.channel, \
         c.agent, o.settings, o.identity, o.enabled, o.created_at, o.updated_at \
         FROM copies c, connections o WHERE o.tenant_id = $1 AND o.channel = 'telegram'",
        "INSERT INTO routes (kind, key, tenant_id, target) SELECT o.kind, 'copy-' || c.tenant, \
         c.tenant, CASE WHEN o.target = $1 THEN c.tenant ELSE c.connection END \
         FROM copies c, (SELECT DISTINCT ON (kind) * FROM routes WHERE tenant_id = $1 \
         ORDER BY kind) AS o",
        "INSERT INTO ownership (tenant_id, owner, epoch) \
         SELECT c.tenant, NULL, 1 FROM copies c WHERE $1::uuid IS NOT NULL",
    ] {
        sqlx::query(statement).bind(applied.tenant.as_uuid()).execute(&mut connection).await?;
    }
    analyze(&mut connection).await?;
    Ok(connection.close().await?)
}

/// Lays down conversations, from number `first` on, in which so many messages were said.
pub async fn lay_history(
    stage: &Stage,
    applied: &AppliedTenant,
    (first, conversations): (usize, usize),
    messages: i64,
) -> anyhow::Result<()> {
    let numbers = first..first + conversations;
    let keys: Vec<String> =
        numbers.clone().map(|number| format!("chat:{}", chat_id(number))).collect();
    let sessions: Vec<Uuid> = keys
        .iter()
        .map(|key| SessionId::derived(applied.tenant, applied.connection, key).as_uuid())
        .collect();
    let marks: Vec<String> = numbers.map(mark).collect();
    let mut connection = superuser(stage).await?;
    lay_session_rows(&mut connection, applied, (&sessions, &keys), messages).await?;
    sqlx::query(
        "INSERT INTO messages (tenant_id, id, session_id, seq, author, text, attachments, \
         created_at) SELECT $1, gen_random_uuid(), s.id, n, \
         CASE WHEN n % 2 = 1 THEN 'user' ELSE 'assistant' END, \
         CASE WHEN n % 2 = 1 THEN s.mark || ' good morning, when do you open today?' \
         ELSE 'Yes, we are open from eight to six.' END, '[]', n \
         FROM unnest($2::uuid[], $3::text[]) AS s (id, mark), generate_series(1, $4::bigint) AS n",
    )
    .bind(applied.tenant.as_uuid())
    .bind(&sessions)
    .bind(&marks)
    .bind(messages)
    .execute(&mut connection)
    .await?;
    analyze(&mut connection).await?;
    Ok(connection.close().await?)
}

/// Lays down so many conversations with a short history, in which nobody speaks again.
pub async fn lay_sessions(
    stage: &Stage,
    applied: &AppliedTenant,
    sessions: usize,
) -> anyhow::Result<()> {
    // Behind every number that a load uses.
    lay_history(stage, applied, (1_000_000, sessions), 2).await
}

async fn lay_session_rows(
    connection: &mut PgConnection,
    applied: &AppliedTenant,
    (sessions, keys): (&[Uuid], &[String]),
    messages: i64,
) -> anyhow::Result<()> {
    sqlx::query(
        "INSERT INTO sessions (tenant_id, id, connection_id, agent_id, conversation_key, kind, \
         last_seq, context_floor_seq, created_at, last_active_at) \
         SELECT $1, s.id, $2, $3, s.key, 'direct', $4, 0, 1, 1 \
         FROM unnest($5::uuid[], $6::text[]) AS s (id, key)",
    )
    .bind(applied.tenant.as_uuid())
    .bind(applied.connection.as_uuid())
    .bind(applied.agent.as_uuid())
    .bind(messages)
    .bind(sessions)
    .bind(keys)
    .execute(connection)
    .await?;
    Ok(())
}

/// Lays down inbound rows that wait to be settled, and marks the tenant as having work.
pub async fn lay_backlog(stage: &Stage, applied: &AppliedTenant, rows: u64) -> anyhow::Result<()> {
    let first = i64::try_from(stage.updates().fetch_add(rows, Ordering::Relaxed))?;
    let template = ignored_update(0);
    let (before, after) = template.split_once(":0,").unwrap_or((&template, ""));
    let mut connection = superuser(stage).await?;
    sqlx::query(
        "INSERT INTO inbox (tenant_id, id, connection_id, channel, dedupe_key, raw, received_at, \
         attempts) SELECT $1, gen_random_uuid(), $2, 'telegram', 'u:' || n, \
         convert_to($3 || ':' || n || ',' || $4, 'UTF8'), 1, 0 \
         FROM generate_series($5::bigint, $5 + $6::bigint - 1) AS n",
    )
    .bind(applied.tenant.as_uuid())
    .bind(applied.connection.as_uuid())
    .bind(before)
    .bind(after)
    .bind(first)
    .bind(i64::try_from(rows)?)
    .execute(&mut connection)
    .await?;
    sqlx::query(
        "INSERT INTO wake (tenant_id, since, version) VALUES ($1, 1, 1) \
         ON CONFLICT (tenant_id) DO UPDATE SET version = wake.version + 1",
    )
    .bind(applied.tenant.as_uuid())
    .execute(&mut connection)
    .await?;
    analyze(&mut connection).await?;
    Ok(connection.close().await?)
}

/// As the server would do by itself, a little later.
async fn analyze(connection: &mut PgConnection) -> anyhow::Result<()> {
    sqlx::query("ANALYZE").execute(connection).await?;
    Ok(())
}
