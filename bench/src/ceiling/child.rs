//! A ceiling as the measuring process sees it.

use crate::load::Hook;
use crate::machine;
use crate::options::{CeilingKind, Database};
use crate::stage::{Stage, migrated};
use anyhow::{Context as _, bail};
use rookery_storage::DatabaseSettings;
use rookery_tests::launch::guarded_command;
use sqlx::Connection as _;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Child;
use uuid::Uuid;

/// How long it may take to start.
const START_LIMIT: Duration = Duration::from_secs(30);

/// A running ceiling. Dropping it kills it.
#[derive(Debug)]
pub struct Ceiling {
    child: Child,
    base: String,
    hook: Hook,
}

impl Ceiling {
    /// Starts one beside the subject: on PostgreSQL as another tenant of the same database, on
    /// SQLite on a file of its own, so that the two never wait for each other.
    pub async fn start(stage: &Stage, kind: CeilingKind) -> anyhow::Result<Self> {
        let tenant = Uuid::now_v7();
        let url = prepare(stage, kind, tenant).await?;
        let program = std::env::current_exe()?;
        let mut child = guarded_command(&program)
            .args(["ceiling", "--kind", kind.name(), "--url", &url])
            .args(["--tenant", &tenant.to_string(), "--outside", stage.outside.base()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start a ceiling")?;
        let stdout = child.stdout.take().context("a ceiling without an output")?;
        let mut base = String::new();
        tokio::time::timeout(START_LIMIT, BufReader::new(stdout).read_line(&mut base))
            .await
            .context("a ceiling did not start")??;
        let base = base.trim().to_owned();
        if base.is_empty() {
            bail!("a ceiling ended before it listened");
        }
        let hook = Hook {
            base: base.clone(),
            path: format!("/hooks/telegram/con_{}", tenant.simple()),
            headers: "x-telegram-bot-api-secret-token: bench-hook-secret\r\n".to_owned(),
            updates: Arc::clone(stage.updates()),
        };
        Ok(Self { child, base, hook })
    }

    /// Where deliveries go.
    pub const fn hook(&self) -> &Hook {
        &self.hook
    }

    /// The listener's base URL.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// CPU time used so far, in milliseconds.
    pub fn cpu_ms(&self) -> anyhow::Result<f64> {
        machine::cpu_ms(self.child.id().context("the ceiling has ended")?)
    }
}

/// Makes its tables, and says where they are.
async fn prepare(stage: &Stage, kind: CeilingKind, tenant: Uuid) -> anyhow::Result<String> {
    let Some(server) = &stage.postgres else {
        debug_assert_eq!(stage.database, Database::Sqlite);
        let file = stage.file(&format!("ceiling-{}-{}.db", kind.name(), tenant.simple()));
        let url = format!("sqlite://{}", file.display());
        let database = rookery_storage::Database::open(DatabaseSettings::new(url.clone())).await?;
        database.migrate().await?;
        database.close().await;
        let mut connection = sqlx::SqliteConnection::connect(&url).await?;
        sqlx::query("INSERT INTO ownership (tenant_id, owner, epoch) VALUES (?1, ?1, 1)")
            .bind(tenant)
            .execute(&mut connection)
            .await?;
        connection.close().await?;
        return Ok(url);
    };
    migrated(stage).await?.close().await;
    let statements = [
        format!(
            "INSERT INTO ownership (tenant_id, owner, epoch) VALUES ('{tenant}', '{tenant}', 1)"
        ),
        "CREATE TABLE IF NOT EXISTS bare_inbox (LIKE inbox INCLUDING ALL)".to_owned(),
        "GRANT SELECT, INSERT ON bare_inbox TO PUBLIC".to_owned(),
    ];
    for statement in statements {
        server.query(&statement).await?;
    }
    Ok(server.url().to_owned())
}
