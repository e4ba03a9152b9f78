//! Starts the real binary, and ends it in every way a machine can.

use anyhow::{Context as _, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rookery_domain::kill_point::KillPoint;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::time::Instant;

/// How long a start may take before it counts as failed.
pub const START_LIMIT: Duration = Duration::from_mins(1);
/// How often the harness looks whether a start is complete.
const START_POLL: Duration = Duration::from_millis(10);
/// How much of a log is shown when something failed, in bytes.
const LOG_TAIL_BYTES: usize = 8 * 1024;

/// Where the process kills itself: the how-manieth time it passes a point.
#[derive(Debug, Clone, Copy)]
pub struct KillPlan {
    /// The point.
    pub point: KillPoint,
    /// Counted from 1.
    pub pass: u64,
}

/// Everything that is needed to start the binary, again and again.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The binary.
    pub binary: PathBuf,
    /// `--config`; absent: the defaults.
    pub config: Option<PathBuf>,
    /// Where `run.json` appears.
    pub data_dir: PathBuf,
    /// The working directory, and where logs are kept.
    pub directory: PathBuf,
    /// Added to a clean environment.
    pub environment: Vec<(String, String)>,
}

/// What a ready process says about itself.
#[derive(Debug, Deserialize)]
struct RunFile {
    pid: u32,
    http: String,
    ops: String,
}

/// A running process. Dropping it kills it.
#[derive(Debug)]
pub struct Rookery {
    child: Child,
    pid: u32,
    /// The public listener's base URL.
    pub http: String,
    /// The private listener's base URL.
    pub ops: String,
    /// From start to ready.
    pub ready_after: Duration,
    log: PathBuf,
}

/// How a start went.
#[derive(Debug)]
pub enum Started {
    /// It is ready.
    Ready(Box<Rookery>),
    /// It ended before that.
    Ended {
        /// How.
        status: ExitStatus,
        /// The end of its log.
        log: String,
    },
}

/// The output of a command that ran to its end.
#[derive(Debug)]
pub struct Finished {
    /// The exit code; `None` after a signal.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Launch {
    /// Starts `rookery serve` and waits until it is ready.
    pub async fn serve(&self, plan: Option<KillPlan>) -> anyhow::Result<Rookery> {
        match self.start(plan).await? {
            Started::Ready(rookery) => Ok(*rookery),
            Started::Ended { status, log } => {
                bail!("the process ended before it was ready: {status}\n{log}")
            }
        }
    }

    /// Starts `rookery serve` and waits until it is ready or has ended: a process that finds work
    /// may reach its kill point before it says that it is ready.
    pub async fn start(&self, plan: Option<KillPlan>) -> anyhow::Result<Started> {
        let began = Instant::now();
        let (child, log) = self.spawn(plan)?;
        let pid = child.id().context("the process ended at once")?;
        let mut rookery = Rookery {
            child,
            pid,
            http: String::new(),
            ops: String::new(),
            ready_after: Duration::ZERO,
            log,
        };
        loop {
            if let Some(run) = self.run_file().filter(|run| run.pid == pid) {
                rookery.http = base_url(&run.http);
                rookery.ops = base_url(&run.ops);
                rookery.ready_after = began.elapsed();
                return Ok(Started::Ready(Box::new(rookery)));
            }
            if let Some(status) = rookery.child.try_wait()? {
                return Ok(Started::Ended { status, log: rookery.log_tail() });
            }
            if began.elapsed() > START_LIMIT {
                bail!("not ready within {START_LIMIT:?}\n{}", rookery.log_tail());
            }
            tokio::time::sleep(START_POLL).await;
        }
    }

    /// Starts `rookery serve` where it is expected to refuse, and waits for its end.
    pub async fn serve_refused(&self, limit: Duration) -> anyhow::Result<Finished> {
        self.run_within(&["serve"], limit).await
    }

    /// Runs any other command of the binary to its end.
    pub async fn run(&self, arguments: &[&str]) -> anyhow::Result<Finished> {
        self.run_within(arguments, START_LIMIT).await
    }

    async fn run_within(&self, arguments: &[&str], limit: Duration) -> anyhow::Result<Finished> {
        let mut command = self.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let output = tokio::time::timeout(limit, command.output()).await.with_context(|| {
            format!("`rookery {}` did not end within {limit:?}", arguments.join(" "))
        })??;
        Ok(Finished {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    fn spawn(&self, plan: Option<KillPlan>) -> anyhow::Result<(Child, PathBuf)> {
        let log = self.directory.join("rookery.log");
        let file = std::fs::File::options().create(true).append(true).open(&log)?;
        let mut command = self.command(&["serve"]);
        if let Some(plan) = plan {
            let text = format!("{}:{}", plan.point.name(), plan.pass);
            command.env("ROOKERY_KILL_POINT", text);
        }
        let child = command
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("cannot start {}", self.binary.display()))?;
        Ok((child, log))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = guarded_command(Path::new("env"));
        // With this, a file that has reached `Rookery::limit_files` is an error of a write, as a
        // full disk is, and no signal.
        command.arg("--ignore-signal=XFSZ").arg(&self.binary);
        command.env_clear();
        for name in ["PATH", "HOME", "TMPDIR"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.args(arguments);
        if let Some(config) = &self.config {
            command.arg("--config").arg(config);
        }
        command
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.directory)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    fn run_file(&self) -> Option<RunFile> {
        let text = std::fs::read_to_string(self.data_dir.join("run.json")).ok()?;
        serde_json::from_str(&text).ok()
    }
}

impl Rookery {
    /// The process's id.
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// `kill -9`, and waits until it is gone.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill().await.context("cannot kill the process")
    }

    /// SIGTERM; returns without waiting.
    pub fn terminate(&self) -> anyhow::Result<()> {
        let pid = Pid::from_raw(i32::try_from(self.pid)?);
        kill(pid, Signal::SIGTERM).context("cannot signal the process")
    }

    /// From now on no file of the process grows beyond so many bytes; `None` lifts the limit.
    pub async fn limit_files(&self, bytes_max: Option<u64>) -> anyhow::Result<()> {
        let limit = bytes_max.map_or_else(|| "unlimited".to_owned(), |bytes| bytes.to_string());
        let output = Command::new("prlimit")
            .args(["--pid", &self.pid.to_string()])
            // The colon: only the soft limit, which may be raised again without privileges.
            .arg(format!("--fsize={limit}:"))
            .output()
            .await
            .context("prlimit is not installed: apt-get install util-linux")?;
        if !output.status.success() {
            bail!("prlimit: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(())
    }

    /// The most memory that the process ever had resident, in bytes.
    pub fn resident_bytes_max(&self) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let kib = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"))
            .context("the system does not say how much memory the process has")?;
        Ok(kib.trim().parse::<u64>()? * 1024)
    }

    /// Waits for its end.
    pub async fn ended(&mut self, limit: Duration) -> anyhow::Result<ExitStatus> {
        match tokio::time::timeout(limit, self.child.wait()).await {
            Ok(status) => Ok(status?),
            Err(_elapsed) => bail!("still running after {limit:?}\n{}", self.log_tail()),
        }
    }

    /// Whether it is still running.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Everything the process and its predecessors logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The end of the log.
    pub fn log_tail(&self) -> String {
        let log = self.log();
        let from = log.len().saturating_sub(LOG_TAIL_BYTES);
        let from = (from..=log.len()).find(|at| log.is_char_boundary(*at)).unwrap_or(0);
        log.get(from..).unwrap_or_default().to_owned()
    }
}

fn base_url(address: &str) -> String {
    if address.starts_with("http") {
        address.trim_end_matches('/').to_owned()
    } else {
        format!("http://{address}")
    }
}

/// A command in a session of its own that dies with the thread that started it, so that a test
/// that is killed leaves nothing behind.
pub fn guarded_command(program: &Path) -> Command {
    let mut command = Command::new("setsid");
    command.args(["setpriv", "--pdeathsig", "KILL"]).arg(program);
    command
}

/// A port that was free a moment ago.
pub fn free_port() -> anyhow::Result<u16> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    Ok(listener.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::{base_url, free_port, guarded_command};
    use std::path::Path;

    #[tokio::test]
    async fn a_guarded_process_keeps_its_id_and_leads_its_own_session() {
        let script = "echo $$ $(ps -o sid= -p $$)".to_owned();
        let child = guarded_command(Path::new("sh"))
            .args(["-c", &script])
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let pid = child.id().unwrap().to_string();
        let output = child.wait_with_output().await.unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text.split_whitespace().collect::<Vec<_>>(), [pid.as_str(), pid.as_str()]);
    }

    #[test]
    fn an_address_becomes_a_base_url() {
        assert_eq!(base_url("127.0.0.1:80"), "http://127.0.0.1:80");
        assert_eq!(base_url("http://127.0.0.1:80/"), "http://127.0.0.1:80");
        assert!(free_port().unwrap() > 0);
    }
}
