//! The machine that was measured on, and what the kernel knows of a process.

use crate::statistics::{median, millis};
use anyhow::Context as _;
use serde::Serialize;
use std::fmt;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;

/// Writes timed to learn what a flush to disk costs here.
const FSYNC_WRITES: usize = 40;
/// How long the machine is watched before a run.
const BUSY_WATCHED: Duration = Duration::from_secs(2);
/// As large as a small commit record.
const FSYNC_WRITE_BYTES: usize = 4_096;
/// `/proc` counts CPU time in hundredths of a second, whatever the kernel's own tick is.
const TICKS_PER_SECOND: f64 = 100.0;

/// Facts of the machine.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// That this process may use.
    pub cores: usize,
    /// The processor's name.
    pub cpu: String,
    /// All of it.
    pub memory_mib: u64,
    /// The kernel's release.
    pub kernel: String,
    /// Median time of a small write with `fsync` in the temporary directory.
    pub fsync_ms: f64,
    /// Share of the CPU that others used just before the run.
    pub busy_percent: f64,
}

impl Machine {
    /// Looks around, for about two seconds.
    pub async fn look() -> anyhow::Result<Self> {
        let cpu = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned());
        let memory = field("/proc/meminfo", "MemTotal").unwrap_or_default();
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let busy_percent = busy_percent().await?;
        Ok(Self {
            cores: std::thread::available_parallelism()?.get(),
            cpu,
            memory_mib: kibibytes(&memory).unwrap_or(0) / 1_024,
            kernel: kernel.trim().to_owned(),
            fsync_ms: fsync_ms()?,
            busy_percent,
        })
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} cores ({}), {} MiB, Linux {}, fsync {:.2} ms; others used {:.0} % of the CPU \
             before the run",
            self.cores, self.cpu, self.memory_mib, self.kernel, self.fsync_ms, self.busy_percent
        )
    }
}

/// Share of the CPU time that was not idle, while this process waits.
async fn busy_percent() -> anyhow::Result<f64> {
    let read = || {
        let text = std::fs::read_to_string("/proc/stat")?;
        busy_and_all(&text).context("not what /proc/stat says")
    };
    let before = read()?;
    tokio::time::sleep(BUSY_WATCHED).await;
    let after = read()?;
    let all = after.1 - before.1;
    Ok(if all > 0.0 { 100.0 * (after.0 - before.0) / all } else { 0.0 })
}

/// Busy and all ticks of all cores since the boot; time stolen by other guests counts as busy.
fn busy_and_all(stat: &str) -> Option<(f64, f64)> {
    let line = stat.lines().find(|line| line.starts_with("cpu "))?;
    let ticks: Vec<f64> =
        line.split_whitespace().skip(1).take(8).filter_map(|field| field.parse().ok()).collect();
    let all: f64 = ticks.iter().sum();
    let idle = ticks.get(3)? + ticks.get(4)?;
    Some((all - idle, all))
}

fn fsync_ms() -> anyhow::Result<f64> {
    let mut file = tempfile::tempfile()?;
    let block = [7_u8; FSYNC_WRITE_BYTES];
    let mut times = Vec::with_capacity(FSYNC_WRITES);
    for _ in 0..FSYNC_WRITES {
        let began = Instant::now();
        file.write_all(&block)?;
        file.sync_data()?;
        times.push(millis(began.elapsed()));
    }
    median(times).context("nothing was timed")
}

/// CPU time that a process has used so far, user and system, in milliseconds; 10 ms fine.
pub fn cpu_ms(pid: u32) -> anyhow::Result<f64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .with_context(|| format!("process {pid} is gone"))?;
    ticks(&text)
        .map(|ticks| ticks * 1_000.0 / TICKS_PER_SECOND)
        .with_context(|| format!("not what /proc/{pid}/stat says: {text}"))
}

/// The name may hold spaces and parentheses; what counts follows the last one.
fn ticks(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// Resident memory of a process, in KiB.
pub fn resident_kib(pid: u32) -> anyhow::Result<u64> {
    field(format!("/proc/{pid}/status"), "VmRSS")
        .and_then(|text| kibibytes(&text))
        .with_context(|| format!("no resident size of process {pid}"))
}

/// Resident memory of a process without what is mapped from files, in KiB.
pub fn anonymous_kib(pid: u32) -> anyhow::Result<u64> {
    field(format!("/proc/{pid}/status"), "RssAnon")
        .and_then(|text| kibibytes(&text))
        .with_context(|| format!("no anonymous size of process {pid}"))
}

fn field(path: impl AsRef<Path>, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn kibibytes(text: &str) -> Option<u64> {
    text.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{anonymous_kib, busy_and_all, cpu_ms, fsync_ms, kibibytes, resident_kib, ticks};

    #[test]
    fn a_process_with_an_odd_name_is_read() {
        let stat = "42 (a) b (c)) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 4 0 100 1 2";
        assert_eq!(ticks(stat), Some(300.0));
        assert_eq!(ticks("nonsense"), None);
    }

    #[test]
    fn waiting_for_disks_is_idle_and_stolen_time_is_busy() {
        let stat = "cpu  10 0 10 70 5 1 1 3 9 9\ncpu0 1 1 1 1 1 1 1 1 1 1";
        assert_eq!(busy_and_all(stat), Some((25.0, 100.0)));
        assert_eq!(busy_and_all("intr 1"), None);
    }

    #[test]
    fn this_process_and_this_disk_can_be_read() {
        let pid = std::process::id();
        assert!(cpu_ms(pid).unwrap() >= 0.0);
        assert!(resident_kib(pid).unwrap() > anonymous_kib(pid).unwrap());
        assert_eq!(kibibytes("12 kB"), Some(12));
        assert!(fsync_ms().unwrap() >= 0.0);
    }
}
