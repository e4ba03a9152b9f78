//! The stage, and the process on it.

use super::rows::Counter;
use super::setting::{PUBLIC_URL, Setting};
use crate::load::{ApiClient, Hook};
use crate::machine;
use crate::options::Database;
use crate::outside::{BOT_TOKEN, Outside};
use anyhow::{Context as _, bail};
use rookery_domain::id::{AgentId, ConnectionId, TenantId};
use rookery_tests::launch::{Launch, Rookery};
use rookery_tests::postgres::Postgres;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tempfile::TempDir;

/// The secret that deliveries carry.
pub(super) const HOOK_SECRET: &str = "bench-hook-secret";
const API_KEY: &str = "rk_bench_0123456789abcdef";
const SECRET_HEADER: &str = "x-telegram-bot-api-secret-token";
/// How long a process may take to end in order.
const END_LIMIT: Duration = Duration::from_secs(40);

/// A database, a directory, and the outside.
#[derive(Debug)]
pub struct Stage {
    /// Which database.
    pub database: Database,
    /// Platform and model.
    pub outside: Outside,
    /// The private server, on PostgreSQL.
    pub postgres: Option<Postgres>,
    binary: PathBuf,
    directory: TempDir,
    updates: Arc<AtomicU64>,
}

/// The process under test. Dropping it kills it.
#[derive(Debug)]
pub struct Subject {
    rookery: Rookery,
    launch: Launch,
    updates: Arc<AtomicU64>,
}

/// A tenant that was applied to a running process.
#[derive(Debug, Clone)]
pub struct AppliedTenant {
    /// The tenant.
    pub tenant: TenantId,
    /// Its agent.
    pub agent: AgentId,
    /// Its bot.
    pub connection: ConnectionId,
    /// Where the platform delivers to.
    pub hook: Hook,
    /// A caller of its API.
    pub api: ApiClient,
}

impl Stage {
    /// Sets up a fresh database, and an outside for so many conversations.
    pub async fn set(
        binary: &Path,
        database: Database,
        conversations: usize,
    ) -> anyhow::Result<Self> {
        let postgres = match database {
            Database::Sqlite => None,
            Database::Postgres => Some(Postgres::own().await?),
        };
        Ok(Self {
            database,
            outside: Outside::start(conversations).await?,
            postgres,
            binary: binary.to_owned(),
            directory: tempfile::Builder::new().prefix("rookery-bench-").tempdir()?,
            updates: Arc::new(AtomicU64::new(1)),
        })
    }

    /// Starts the process and waits until it is ready.
    pub async fn start(&self, setting: &Setting) -> anyhow::Result<Subject> {
        let config = self.directory.path().join("rookery.toml");
        std::fs::write(&config, setting.to_toml(&self.storage(), self.outside.base()))?;
        let launch = Launch {
            binary: self.binary.clone(),
            config: Some(config),
            data_dir: self.data_dir(),
            directory: self.directory.path().to_owned(),
            environment: Vec::new(),
        };
        let rookery = launch.serve(None).await?;
        Ok(Subject { rookery, launch, updates: Arc::clone(&self.updates) })
    }

    fn data_dir(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn storage(&self) -> String {
        let data_dir = self.data_dir();
        let urls = match &self.postgres {
            None => format!("url = \"{}\"", self.url()),
            Some(server) => {
                format!("url = \"{}\"\nmigrate_url = \"{}\"", self.url(), server.owner_url())
            }
        };
        format!("{urls}\ndata_dir = \"{}\"", data_dir.display())
    }

    /// The URL of the database that the process uses.
    pub fn url(&self) -> String {
        match &self.postgres {
            Some(server) => server.url().to_owned(),
            None => format!("sqlite://{}", self.file("rookery.db").display()),
        }
    }

    /// A file beside the database.
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Counts rows behind the process's back.
    pub async fn counter(&self) -> anyhow::Result<Counter> {
        match &self.postgres {
            Some(server) => Counter::open(server.superuser_url()).await,
            None => Counter::open(&self.url()).await,
        }
    }

    /// The server, on PostgreSQL.
    pub fn server(&self) -> anyhow::Result<&Postgres> {
        self.postgres.as_ref().context("this measurement needs PostgreSQL")
    }

    /// Numbers updates across all processes on this stage.
    pub const fn updates(&self) -> &Arc<AtomicU64> {
        &self.updates
    }
}

impl Subject {
    /// Applies one tenant with a bot, a web connection and a key.
    pub async fn apply(&self) -> anyhow::Result<AppliedTenant> {
        let text = format!(
            "[tenant]\nslug = \"bench\"\nname = \"Bench\"\nplan = \"pro\"\n\n\
             [[agents]]\nslug = \"helper\"\nname = \"Helper\"\n\
             instructions = \"You answer customers of a bakery in two sentences.\"\n\n\
             [[connections]]\nslug = \"tg\"\nchannel = \"telegram\"\nagent = \"helper\"\n\
             mode = \"webhook\"\ntoken = {{ value = \"{BOT_TOKEN}\" }}\n\
             webhook_secret = {{ value = \"{HOOK_SECRET}\" }}\n\n\
             [[connections]]\nslug = \"site\"\nchannel = \"web\"\nagent = \"helper\"\n\n\
             [[api_keys]]\nslug = \"site\"\nscopes = [\"chat\", \"read\"]\n\
             value = {{ value = \"{API_KEY}\" }}\n"
        );
        let file = self.launch.directory.join("bench.toml");
        std::fs::write(&file, text)?;
        let done = self.launch.run(&["apply", &file.display().to_string()]).await?;
        if done.code != Some(0) {
            bail!("apply failed with {:?}: {}", done.code, done.stderr);
        }
        let printed: Value = serde_json::from_str(&done.stdout)?;
        let find = |pointer: &str| {
            printed
                .pointer(pointer)
                .and_then(Value::as_str)
                .with_context(|| format!("apply printed no {pointer}: {printed}"))
        };
        let connection: ConnectionId = find("/connections/tg/id")?.parse()?;
        Ok(AppliedTenant {
            tenant: find("/tenant/id")?.parse()?,
            agent: find("/agents/helper/id")?.parse()?,
            connection,
            hook: self.hook(connection),
            api: ApiClient {
                base: self.rookery.http.clone(),
                key: API_KEY.to_owned(),
                agent: "helper".to_owned(),
            },
        })
    }

    /// The hook of a connection whose secret is ours.
    pub fn hook(&self, connection: ConnectionId) -> Hook {
        Hook {
            base: self.rookery.http.clone(),
            path: format!("/hooks/telegram/{connection}"),
            headers: format!("{SECRET_HEADER}: {HOOK_SECRET}\r\n"),
            updates: Arc::clone(&self.updates),
        }
    }

    /// From start to ready.
    pub const fn ready_after(&self) -> Duration {
        self.rookery.ready_after
    }

    /// CPU time used so far, in milliseconds.
    pub fn cpu_ms(&self) -> anyhow::Result<f64> {
        machine::cpu_ms(self.rookery.pid())
    }

    /// Resident memory now, in KiB.
    pub fn resident_kib(&self) -> anyhow::Result<u64> {
        machine::resident_kib(self.rookery.pid())
    }

    /// Resident memory now without what is mapped from files, in KiB.
    pub fn anonymous_kib(&self) -> anyhow::Result<u64> {
        machine::anonymous_kib(self.rookery.pid())
    }

    /// One of the process's counters.
    pub async fn metric(&self, name: &str) -> anyhow::Result<f64> {
        let address = self.rookery.ops.trim_start_matches("http://");
        let text = metrics_text(address).await?;
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
            .with_context(|| format!("no metric {name}"))
    }

    /// Ends the process in order.
    pub async fn end(mut self) -> anyhow::Result<()> {
        self.stop().await
    }

    /// Ends the process in order, to be replaced.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        self.rookery.terminate()?;
        self.rookery.ended(END_LIMIT).await?;
        Ok(())
    }
}

async fn metrics_text(address: &str) -> anyhow::Result<String> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(address).await?;
    let request = format!("GET /metrics HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut text = Vec::new();
    stream.read_to_end(&mut text).await?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Where a connection's hook would be, as the platform is told.
pub(super) fn public_hook(connection: ConnectionId) -> String {
    format!("{PUBLIC_URL}/hooks/telegram/{connection}")
}
