//! Builds the binaries that the tests start, each once per run of the tests.

use anyhow::{Context as _, bail};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::process::Command;
use tokio::sync::OnceCell;

/// What cargo builds.
#[derive(Debug)]
struct Build {
    binary: &'static str,
    /// The name under which it is kept for the tests.
    kept: &'static str,
}

/// As the Makefile asks for them: with the same features for the same packages nothing is built twice.
const FEATURES: &str = "rookery-runtime/kill-points,rookery-tests/poison";

const USUAL: Build = Build { binary: "rookery", kept: "rookery-with-kill-points" };
const POISONED: Build = Build { binary: "rookery_poisoned", kept: "rookery-poisoned" };

/// How the variables begin that cargo sets for a package's tests.
const OF_THE_TESTS: [&str; 5] =
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE"];

static USUAL_BINARY: OnceCell<PathBuf> = OnceCell::const_new();
static POISONED_BINARY: OnceCell<PathBuf> = OnceCell::const_new();

/// The binary with kill points. Without a kill plan in its environment it does what the shipped
/// one does.
pub async fn binary() -> anyhow::Result<PathBuf> {
    USUAL_BINARY.get_or_try_init(|| USUAL.built()).await.cloned()
}

/// The binary in which every turn that uses a tool panics.
pub async fn poisoned_binary() -> anyhow::Result<PathBuf> {
    POISONED_BINARY.get_or_try_init(|| POISONED.built()).await.cloned()
}

/// Whether the binaries are optimised, as `ROOKERY_HARNESS_RELEASE` asks.
pub fn is_release() -> bool {
    std::env::var_os("ROOKERY_HARNESS_RELEASE").is_some()
}

impl Build {
    async fn built(&self) -> anyhow::Result<PathBuf> {
        let run = std::env::var("NEXTEST_RUN_ID").ok();
        let lock = std::fs::File::create(std::env::temp_dir().join("rookery-harness-build.lock"))?;
        // Held until this function returns: whoever waits here finds the note of who was first.
        let _lock = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock)).await??;
        if let Some(built) = run.as_deref().and_then(|run| self.built_in_run(run)) {
            return Ok(built);
        }
        let executable = self.build().await?;
        // A copy: another build may replace cargo's own file while tests restart the process.
        let kept = executable.with_file_name(self.kept);
        let fresh = executable.with_file_name(format!("{}.{}", self.kept, std::process::id()));
        std::fs::copy(&executable, &fresh)?;
        std::fs::rename(&fresh, &kept)?;
        if let Some(run) = run {
            std::fs::write(self.stamp(&run), kept.display().to_string())?;
        }
        Ok(kept)
    }

    /// Has cargo build it, and returns where cargo put it.
    async fn build(&self) -> anyhow::Result<PathBuf> {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("no workspace")?;
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command
            .current_dir(workspace)
            .args(["build", "--workspace", "--bin", self.binary, "--features", FEATURES])
            .arg("--message-format=json-render-diagnostics");
        if is_release() {
            command.arg("--release");
        }
        // What cargo tells the tests about their own package: some build scripts would run again
        // because of it, and half of the tree with them.
        let told = |name: &str| OF_THE_TESTS.iter().any(|start| name.starts_with(start));
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(told) {
                command.env_remove(name);
            }
        }
        let output = command.stdin(Stdio::null()).output().await.context("cannot run cargo")?;
        if !output.status.success() {
            let why = String::from_utf8_lossy(&output.stderr);
            bail!("the binary {} does not build:\n{why}", self.binary);
        }
        executable_in(&String::from_utf8_lossy(&output.stdout))
            .context("cargo built the binary and did not say where")
    }

    /// nextest starts a process per test; the first one of a run leaves a note for the others.
    fn built_in_run(&self, run: &str) -> Option<PathBuf> {
        let path = PathBuf::from(std::fs::read_to_string(self.stamp(run)).ok()?);
        path.exists().then_some(path)
    }

    fn stamp(&self, run: &str) -> PathBuf {
        std::env::temp_dir().join(format!("rookery-harness-build-{run}-{}", self.binary))
    }
}

/// The executable that cargo names in its messages, one JSON object per line.
pub fn executable_in(messages: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|message| message.get("executable")?.as_str().map(PathBuf::from))
        .next_back()
}

#[cfg(test)]
mod tests {
    use super::executable_in;
    use std::path::PathBuf;

    #[test]
    fn the_executable_is_read_from_cargos_messages() {
        let messages = "{\"reason\":\"compiler-artifact\",\"executable\":null}\n{\"reason\":\"compiler-artifact\",\"executable\":\"/t/rookery\"}\n{\"reason\":\"build-finished\"}";
        assert_eq!(executable_in(messages), Some(PathBuf::from("/t/rookery")));
    }
}
