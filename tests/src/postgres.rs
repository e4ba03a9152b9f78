//! A private PostgreSQL from Debian's packages: own directory, own port, own processes, so that a
//! test can stop it, kill it and start it again.

use crate::launch::{free_port, guarded_command};
use anyhow::{Context as _, bail};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Pid, geteuid};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// How long the server may take to answer after its start.
const START_LIMIT: Duration = Duration::from_mins(1);
/// How often the server is asked whether it answers.
const START_POLL: Duration = Duration::from_millis(25);
const OWNER: &str = "rookery_owner";
const APPLICATION: &str = "rookery_app";
const DATABASE: &str = "rookery";

/// A running private server. Dropping it ends it and removes its data.
#[derive(Debug)]
pub struct Postgres {
    directory: TempDir,
    programs: PathBuf,
    port: u16,
    child: Option<Child>,
}

impl Postgres {
    /// Starts a fresh server with an owner, an application role that row-level security binds, and
    /// one empty database.
    pub async fn start() -> anyhow::Result<Self> {
        let programs = programs()?;
        let template = template(&programs).await?;
        let directory = tempfile::Builder::new().prefix("rookery-pg-").tempdir()?;
        let data = directory.path().join("data");
        run(Command::new("cp").arg("-a").arg(&template).arg(&data)).await?;
        if geteuid().is_root() {
            run(Command::new("chown").arg("postgres").arg(directory.path())).await?;
        }
        let mut server = Self { directory, programs, port: free_port()?, child: None };
        server.resume().await?;
        for statement in [
            format!("create role {OWNER} login nosuperuser nobypassrls"),
            format!("create role {APPLICATION} login nosuperuser nobypassrls"),
            format!("create database {DATABASE} owner {OWNER}"),
        ] {
            server.query_as("postgres", "postgres", &statement).await?;
        }
        Ok(server)
    }

    /// The application role's URL: what `storage.url` is set to.
    pub fn url(&self) -> String {
        format!("postgres://{APPLICATION}@127.0.0.1:{}/{DATABASE}", self.port)
    }

    /// The owner's URL: what `storage.migrate_url` is set to.
    pub fn owner_url(&self) -> String {
        format!("postgres://{OWNER}@127.0.0.1:{}/{DATABASE}", self.port)
    }

    /// The superuser's URL, for tests that show that it is refused.
    pub fn superuser_url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{DATABASE}", self.port)
    }

    /// Runs SQL as the superuser, whom row-level security does not bind, and returns rows as lines
    /// with columns separated by `|`.
    pub async fn query(&self, sql: &str) -> anyhow::Result<String> {
        self.query_as("postgres", DATABASE, sql).await
    }

    async fn query_as(&self, role: &str, database: &str, sql: &str) -> anyhow::Result<String> {
        let port = self.port.to_string();
        let output = Command::new(self.programs.join("psql"))
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"])
            .args(["-h", "127.0.0.1", "-p", port.as_str(), "-U", role, "-d", database, "-c", sql])
            .stdin(Stdio::null())
            .output()
            .await?;
        if !output.status.success() {
            bail!("psql: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Starts the server again after [`Self::stop`] or [`Self::kill`], on the same port.
    pub async fn resume(&mut self) -> anyhow::Result<()> {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.directory.path().join("server.log"))?;
        let mut command = guarded_command(&self.programs.join("postgres"), server_user());
        let child = command
            .arg("-D")
            .arg(self.directory.path().join("data"))
            .arg("-k")
            .arg(self.directory.path())
            .args(["-p", &self.port.to_string(), "-c", "listen_addresses=127.0.0.1"])
            .args(["-c", "max_connections=200", "-c", "fsync=on"])
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("cannot start postgres")?;
        self.child = Some(child);
        let ready = async {
            while self.query_as("postgres", "postgres", "select 1").await.is_err() {
                tokio::time::sleep(START_POLL).await;
            }
        };
        tokio::time::timeout(START_LIMIT, ready).await.with_context(|| {
            let log = std::fs::read_to_string(self.directory.path().join("server.log"));
            format!("postgres did not answer within {START_LIMIT:?}: {}", log.unwrap_or_default())
        })
    }

    /// Ends the server in order, cutting every connection.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        self.end(Signal::SIGINT).await
    }

    /// Kills the server and all its processes at once, as a power cut would.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        self.end(Signal::SIGKILL).await
    }

    async fn end(&mut self, signal: Signal) -> anyhow::Result<()> {
        let mut child = self.child.take().context("postgres is not running")?;
        let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
        if let Some(group) = group {
            if signal == Signal::SIGKILL {
                killpg(group, signal)?;
            } else {
                nix::sys::signal::kill(group, signal)?;
            }
        }
        child.wait().await?;
        Ok(())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let group = self.child.as_ref().and_then(Child::id).and_then(|id| i32::try_from(id).ok());
        if let Some(group) = group {
            // An error means that the group is gone already.
            killpg(Pid::from_raw(group), Signal::SIGKILL).unwrap_or_default();
        }
    }
}

fn programs() -> anyhow::Result<PathBuf> {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .context("PostgreSQL is not installed: apt-get install postgresql")?
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|path| path.join("initdb").exists())
        .collect();
    versions.sort();
    versions.pop().context("no PostgreSQL under /usr/lib/postgresql")
}

/// PostgreSQL refuses to run as root; then it runs as the packages' own user.
fn server_user() -> Option<&'static str> {
    geteuid().is_root().then_some("postgres")
}

/// An initialised data directory, made once per machine and copied by every server.
async fn template(programs: &Path) -> anyhow::Result<PathBuf> {
    let version = programs
        .parent()
        .and_then(Path::file_name)
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let home = std::env::temp_dir().join(format!("rookery-harness-{}", geteuid()));
    std::fs::create_dir_all(&home)?;
    let lock = std::fs::File::create(home.join(format!("pg-{version}.lock")))?;
    let lock = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock)).await??;
    let data = home.join(format!("pg-{version}"));
    if !data.join("PG_VERSION").exists() || !home.join(format!("pg-{version}.done")).exists() {
        run(Command::new("rm").arg("-rf").arg(&data)).await?;
        std::fs::create_dir(&data)?;
        if geteuid().is_root() {
            run(Command::new("chown").arg("postgres").arg(&data)).await?;
        }
        let mut command = guarded_command(&programs.join("initdb"), server_user());
        command.arg("-D").arg(&data).args(["-U", "postgres", "--auth=trust", "-E", "UTF8"]);
        run(command.args(["--locale=C", "--no-instructions"])).await?;
        std::fs::write(home.join(format!("pg-{version}.done")), "")?;
    }
    drop(lock);
    Ok(data)
}

async fn run(command: &mut Command) -> anyhow::Result<()> {
    let output = command.stdin(Stdio::null()).output().await?;
    if output.status.success() {
        return Ok(());
    }
    bail!("{:?}: {}", command.as_std(), String::from_utf8_lossy(&output.stderr).trim())
}

#[cfg(test)]
mod tests {
    use super::Postgres;

    #[tokio::test]
    async fn a_private_server_survives_a_stop_and_a_kill_with_its_data() {
        let mut server = Postgres::start().await.unwrap();
        server.query("create table kept (id int)").await.unwrap();
        server.query("insert into kept values (7)").await.unwrap();
        server.stop().await.unwrap();
        assert!(server.query("select 1").await.is_err());
        server.resume().await.unwrap();
        server.query("insert into kept values (8)").await.unwrap();
        server.kill().await.unwrap();
        server.resume().await.unwrap();
        assert_eq!(server.query("select id from kept order by id").await.unwrap(), "7\n8");
        let roles = "select rolsuper, rolbypassrls from pg_roles where rolname = 'rookery_app'";
        assert_eq!(server.query(roles).await.unwrap(), "f|f");
    }
}
