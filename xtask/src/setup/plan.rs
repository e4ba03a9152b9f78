//! From what is missing to the commands that bring it.

use super::need::Need;
use std::collections::BTreeSet;

/// Who runs this and what the machine offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rights {
    /// It is run by root.
    pub is_root: bool,
    /// `sudo` is there.
    pub has_sudo: bool,
    /// `apt-get` is there.
    pub has_apt: bool,
}

/// A program with its arguments.
pub type CommandLine = Vec<String>;

/// The commands that install what is missing: the package lists once, then one installation.
///
/// Errors: one line that names the packages to install by hand, where this machine cannot.
pub fn plan(missing: &[Need], rights: Rights) -> Result<Vec<CommandLine>, String> {
    let packages: BTreeSet<_> = missing.iter().map(|need| need.package).collect();
    if packages.is_empty() {
        return Ok(Vec::new());
    }
    let names = packages.iter().copied().collect::<Vec<_>>().join(" ");
    if !rights.has_apt {
        return Err(format!("this machine has no apt-get; install the equivalents of: {names}"));
    }
    if !rights.is_root && !rights.has_sudo {
        return Err(format!("neither root nor sudo; as root, run: apt-get install {names}"));
    }
    let prefix: &[&str] = if rights.is_root { &[] } else { &["sudo"] };
    let update = ["apt-get", "update", "--quiet"];
    let install = [
        "env",
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "install",
        "--yes",
        "--quiet",
        "--no-install-recommends",
    ];
    let line = |words: &[&str]| -> CommandLine {
        prefix.iter().chain(words).map(|word| (*word).to_owned()).collect()
    };
    let mut installation = line(&install);
    installation.extend(packages.into_iter().map(ToOwned::to_owned));
    Ok(vec![line(&update), installation])
}
