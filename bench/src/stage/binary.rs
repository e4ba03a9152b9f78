//! The binary under test: what `cargo build --release` makes, without kill points.

use anyhow::{Context as _, bail};
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

fn executable_in(messages: &str) -> Option<PathBuf> {
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
        let messages = "{\"executable\":null}\nnoise\n{\"executable\":\"/t/rookery\"}";
        assert_eq!(executable_in(messages), Some(PathBuf::from("/t/rookery")));
    }
}
