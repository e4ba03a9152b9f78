//! The command line: one command per check, each ending with a line that says how it went.

use crate::finding::report;
use crate::licenses::policy::Policy;
use crate::setup::Purpose;
use crate::tidy::tree::Tree;
use crate::workspace::Workspace;
use crate::{arch, licenses, setup, tidy};
use anyhow::Context;
use clap::{Parser, Subcommand};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Checks of the Rookery workspace.
#[derive(Debug, Parser)]
#[command(name = "xtask")]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Arrows between the crates, and which crate may use which library.
    Arch,
    /// Sizes, names, words, comments and documents.
    Tidy,
    /// Licences, bans and sources of the dependencies, against `deny.toml`.
    Licenses,
    /// All of the above.
    Check,
    /// Installs what this machine lacks to run the tests (Debian packages).
    Setup {
        /// Also what the programs of other people need that our fakes are checked with.
        #[arg(long)]
        counterparts: bool,
    },
    /// Says what this machine lacks, and installs nothing.
    DoctorTools,
}

impl Arguments {
    /// Runs the command: success if nothing failed.
    ///
    /// Errors: the workspace cannot be read, or a package cannot be installed.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let passed = match self.command {
            Command::Arch => check_arch(&workspace()?)?,
            Command::Licenses => check_licenses(&workspace()?)?,
            Command::Tidy => check_tidy(&workspace()?)?,
            Command::Check => {
                let workspace = workspace()?;
                let passed =
                    [check_arch(&workspace)?, check_tidy(&workspace)?, check_licenses(&workspace)?];
                passed.into_iter().all(|passed| passed)
            }
            Command::Setup { counterparts } => {
                setup::install(purposes(counterparts))?;
                true
            }
            Command::DoctorTools => setup::tell(purposes(true))?,
        };
        Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn purposes(counterparts: bool) -> &'static [Purpose] {
    if counterparts { &[Purpose::Tests, Purpose::Counterparts] } else { &[Purpose::Tests] }
}

fn workspace() -> anyhow::Result<Workspace> {
    Workspace::read(Path::new("."))
}

fn check_arch(workspace: &Workspace) -> anyhow::Result<bool> {
    let tree = Tree::read(&workspace.root)?;
    Ok(report("arch", &arch::check(workspace, &tree))?)
}

fn check_tidy(workspace: &Workspace) -> anyhow::Result<bool> {
    let tree = Tree::read(&workspace.root)?;
    let members: Vec<_> = workspace.members.iter().map(|member| member.folder.clone()).collect();
    Ok(report("tidy", &tidy::check(&tree, &members))?)
}

fn check_licenses(workspace: &Workspace) -> anyhow::Result<bool> {
    let path: PathBuf = workspace.root.join("deny.toml");
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    let policy: Policy =
        toml::from_str(&text).with_context(|| format!("cannot parse {}", path.display()))?;
    Ok(report("licenses", &licenses::check(workspace, &policy))?)
}
