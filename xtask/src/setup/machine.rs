//! The shell around the plan: looks at this machine and runs commands on it.

use super::need::{NEEDS, Need, Purpose, Sign};
use super::plan::{Rights, plan};
use anyhow::{Context, bail};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Installs what is missing for the given purposes; nothing to do is quick and silent.
///
/// Errors: a package cannot be installed here; the line names the packages.
pub fn install(purposes: &[Purpose]) -> anyhow::Result<()> {
    let missing = missing(purposes);
    for line in plan(&missing, rights()).map_err(anyhow::Error::msg)? {
        run(&line)?;
    }
    let still_missing = self::missing(purposes);
    if let Some(need) = still_missing.first() {
        bail!("{} is installed and {:?} is still not found", need.package, need.sign);
    }
    Ok(())
}

/// Says what is missing for the given purposes; `true` if nothing is.
///
/// Errors: standard output cannot be written.
pub fn tell(purposes: &[Purpose]) -> anyhow::Result<bool> {
    let missing = missing(purposes);
    let mut output = std::io::stdout().lock();
    for need in &missing {
        writeln!(output, "missing: {} ({}); `make setup` installs it", need.package, need.reason)?;
    }
    if missing.is_empty() {
        writeln!(output, "tools: everything that the tests need is here")?;
    }
    Ok(missing.is_empty())
}

fn missing(purposes: &[Purpose]) -> Vec<Need> {
    NEEDS
        .iter()
        .filter(|need| purposes.contains(&need.purpose) && !is_present(need.sign))
        .copied()
        .collect()
}

fn is_present(sign: Sign) -> bool {
    match sign {
        Sign::Command(name) => has_command(name),
        Sign::Versioned { command, parent } => {
            has_command(command) || has_version(command, Path::new(parent))
        }
        Sign::PythonModule(name) => succeeds("python3", &["-c", &format!("import {name}")]),
    }
}

fn has_command(name: &str) -> bool {
    succeeds("sh", &["-c", &format!("command -v {name}")])
}

fn has_version(command: &str, parent: &Path) -> bool {
    let Ok(versions) = std::fs::read_dir(parent) else {
        return false;
    };
    versions.flatten().any(|version| version.path().join("bin").join(command).is_file())
}

fn rights() -> Rights {
    Rights {
        is_root: succeeds("sh", &["-c", "test \"$(id -u)\" = 0"]),
        has_sudo: has_command("sudo"),
        has_apt: has_command("apt-get"),
    }
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn run(line: &[String]) -> anyhow::Result<()> {
    let Some((program, arguments)) = line.split_first() else {
        return Ok(());
    };
    let shown = line.join(" ");
    writeln!(std::io::stdout(), "+ {shown}")?;
    let status = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("cannot run {shown}"))?;
    if !status.success() {
        bail!("failed: {shown}");
    }
    Ok(())
}
