//! A private PostgreSQL server from the system's packages: own directory, free port, fsync on.
//!
//! It ends with whoever started it, however that ends: a watchdog holds the other end of a pipe
//! and stops the server when the pipe closes.

use anyhow::{Context, anyhow, ensure};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, OnceCell};

/// Where Debian and its relatives keep the servers, one directory per version.
const PACKAGES: &str = "/usr/lib/postgresql";

/// How long a server may take to answer after it was started.
const START_LIMIT: Duration = Duration::from_secs(60);
const ASK_EVERY: Duration = Duration::from_millis(50);

/// Waits for the end of the pipe, then stops the server and removes its directory.
const WATCHDOG: &str = r#"cat >/dev/null
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
[ -n "$pid" ] && kill -QUIT "$pid" 2>/dev/null
while [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
rm -rf "$1""#;

const ROLES: &str = "CREATE ROLE rookery_owner LOGIN NOSUPERUSER NOBYPASSRLS; \
     CREATE ROLE rookery_app LOGIN NOSUPERUSER NOBYPASSRLS";

/// A running server.
#[derive(Debug)]
pub struct PostgresServer {
    directory: PathBuf,
    programs: PathBuf,
    port: u16,
    running: Mutex<Option<Child>>,
    databases: AtomicU32,
    _watchdog: Child,
}

/// A database of its own, with the URLs to reach it.
#[derive(Debug, Clone)]
pub struct TestDatabase {
    /// Its name.
    pub name: String,
    /// As the serving role, which owns nothing.
    pub app_url: String,
    /// As the role that owns the database, for migrations.
    pub owner_url: String,
    /// As the superuser, for looking behind the scenes.
    pub admin_url: String,
}

static SHARED: OnceCell<PostgresServer> = OnceCell::const_new();

impl PostgresServer {
    /// The server that all tests of this process share.
    pub async fn shared() -> anyhow::Result<&'static Self> {
        SHARED.get_or_try_init(Self::start).await
    }

    /// Starts a server of one's own, for tests that stop it.
    pub async fn start() -> anyhow::Result<Self> {
        let programs = newest_programs()?;
        let directory = TempDir::with_prefix("rookery-postgres-")?.keep();
        if runs_as_root().await? {
            run(Command::new("chown").arg("postgres").arg(&directory)).await?;
        }
        let watchdog = Command::new("sh")
            .args(["-c", WATCHDOG, "watchdog"])
            .arg(&directory)
            .stdin(Stdio::piped())
            .process_group(0)
            .spawn()?;
        run(as_postgres(&programs.join("initdb"))
            .await?
            .arg("-D")
            .arg(directory.join("data"))
            .args(["-U", "postgres", "--auth=trust", "--encoding=UTF8"])
            .args(["--no-locale", "--no-sync"]))
        .await?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let server = Self {
            directory,
            programs,
            port,
            running: Mutex::new(None),
            databases: AtomicU32::new(0),
            _watchdog: watchdog,
        };
        server.resume().await?;
        server.admin("postgres", ROLES).await?;
        Ok(server)
    }

    /// Makes an empty database.
    pub async fn create_database(&self) -> anyhow::Result<TestDatabase> {
        let number = self.databases.fetch_add(1, Ordering::SeqCst);
        let name = format!("rookery_{number}");
        self.admin("postgres", &format!("CREATE DATABASE {name} OWNER rookery_owner")).await?;
        let url = |role: &str| format!("postgres://{role}@127.0.0.1:{}/{name}", self.port);
        Ok(TestDatabase {
            app_url: url("rookery_app"),
            owner_url: url("rookery_owner"),
            admin_url: url("postgres"),
            name,
        })
    }

    /// Runs statements as the superuser.
    pub async fn admin(&self, database: &str, sql: &str) -> anyhow::Result<()> {
        let url = format!("postgres://postgres@127.0.0.1:{}/{database}", self.port);
        let mut connection = PgConnection::connect(&url).await?;
        connection.execute(AssertSqlSafe(sql.to_owned())).await?;
        connection.close().await?;
        Ok(())
    }

    /// Stops the server at once, as a crash would.
    pub async fn crash(&self) -> anyhow::Result<()> {
        let mut running = self.running.lock().await;
        let mut child = running.take().context("the server is not running")?;
        let pid = child.id().context("the server has ended by itself")?;
        // An immediate shutdown: no checkpoint, recovery at the next start.
        run(Command::new("kill").arg("-QUIT").arg(pid.to_string())).await?;
        child.wait().await?;
        Ok(())
    }

    /// Starts the server again on the same port, with what it has on disk.
    pub async fn resume(&self) -> anyhow::Result<()> {
        let mut running = self.running.lock().await;
        ensure!(running.is_none(), "the server is running");
        let log = std::fs::File::create(self.directory.join(format!("log-{}", self.port)))?;
        let child = as_postgres(&self.programs.join("postgres"))
            .await?
            .arg("-D")
            .arg(self.directory.join("data"))
            .arg("-k")
            .arg(&self.directory)
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string()])
            .args(["-c", "fsync=on", "-c", "max_connections=200"])
            .args(["-c", "shared_preload_libraries=pg_stat_statements"])
            .stdout(Stdio::null())
            .stderr(log)
            .process_group(0)
            .spawn()?;
        *running = Some(child);
        let answers = async {
            let url = format!("postgres://postgres@127.0.0.1:{}/postgres", self.port);
            loop {
                if let Ok(connection) = PgConnection::connect(&url).await {
                    return connection.close().await;
                }
                tokio::time::sleep(ASK_EVERY).await;
            }
        };
        tokio::time::timeout(START_LIMIT, answers)
            .await
            .with_context(|| format!("no server on port {}", self.port))??;
        Ok(())
    }
}

fn newest_programs() -> anyhow::Result<PathBuf> {
    let mut versions: Vec<u32> = std::fs::read_dir(PACKAGES)
        .with_context(|| format!("no PostgreSQL in {PACKAGES}: install the package postgresql"))?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    versions.sort_unstable();
    let newest = versions
        .last()
        .ok_or_else(|| anyhow!("no PostgreSQL in {PACKAGES}: install the package postgresql"))?;
    Ok(Path::new(PACKAGES).join(newest.to_string()).join("bin"))
}

async fn runs_as_root() -> anyhow::Result<bool> {
    let output = Command::new("id").arg("-u").output().await?;
    Ok(output.stdout.trim_ascii() == b"0")
}

/// The server refuses to run as root.
async fn as_postgres(program: &Path) -> anyhow::Result<Command> {
    if !runs_as_root().await? {
        return Ok(Command::new(program));
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid", "postgres", "--regid", "postgres"])
        .arg("--clear-groups")
        .arg(program)
        .current_dir("/");
    Ok(command)
}

async fn run(command: &mut Command) -> anyhow::Result<()> {
    let output = command.output().await?;
    ensure!(
        output.status.success(),
        "{} failed: {}",
        command.as_std().get_program().display(),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
