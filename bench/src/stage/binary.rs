//! The binary under test: what `cargo build --release` makes, without kill points.

use anyhow::{Context as _, bail};
use rookery_tests::build::executable_in;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::process::Command;

/// Builds it, if it is not up to date, and says where it is.
pub async fn release_binary() -> anyhow::Result<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("no workspace")?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(workspace)
        .args(["build", "--release", "--package", "rookery-runtime", "--bin", "rookery"])
        .arg("--message-format=json-render-diagnostics")
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .await
        .context("cannot run cargo")?;
    if !output.status.success() {
        bail!("the binary does not build");
    }
    executable_in(&String::from_utf8_lossy(&output.stdout))
        .context("cargo built the binary and did not say where")
}
