//! The machine that was measured on, and what the kernel knows of a process.

use crate::statistics::{median, millis};
use anyhow::Context as _;
use serde::Serialize;
use std::fmt;
use std::io::Write as _;
use std::path::Path;
use tokio::time::Instant;

/// Writes timed to learn what a flush to disk costs here.
const FSYNC_WRITES: usize = 40;
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
    /// Runnable processes just before the run: others share the machine.
    pub load_before: f64,
}

impl Machine {
    /// Looks around. Takes less than a second.
    pub fn look() -> anyhow::Result<Self> {
        let cpu = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned());
        let memory = field("/proc/meminfo", "MemTotal").unwrap_or_default();
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        Ok(Self {
            cores: std::thread::available_parallelism()?.get(),
            cpu,
            memory_mib: kibibytes(&memory).unwrap_or(0) / 1_024,
            kernel: kernel.trim().to_owned(),
            fsync_ms: fsync_ms()?,
            load_before: load
                .split_whitespace()
                .next()
                .and_then(|first| first.parse().ok())
                .unwrap_or(0.0),
        })
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} cores ({}), {} MiB, Linux {}, fsync {:.2} ms, load before the run {:.2}",
            self.cores, self.cpu, self.memory_mib, self.kernel, self.fsync_ms, self.load_before
        )
    }
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
    use super::{Machine, anonymous_kib, cpu_ms, kibibytes, resident_kib, ticks};

    #[test]
    fn a_process_with_an_odd_name_is_read() {
        let stat = "42 (a) b (c)) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 4 0 100 1 2";
        assert_eq!(ticks(stat), Some(300.0));
        assert_eq!(ticks("nonsense"), None);
    }

    #[test]
    fn this_process_and_this_machine_can_be_read() {
        let pid = std::process::id();
        assert!(cpu_ms(pid).unwrap() >= 0.0);
        assert!(resident_kib(pid).unwrap() > anonymous_kib(pid).unwrap());
        assert_eq!(kibibytes("12 kB"), Some(12));
        let machine = Machine::look().unwrap();
        assert!(machine.cores > 0 && machine.fsync_ms >= 0.0);
    }
}
