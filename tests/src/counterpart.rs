//! Other people's programs: official SDKs and bot frameworks, installed once from their registries
//! at pinned versions, run against our fakes and against our API.

use crate::launch::guarded_command;
use anyhow::{Context as _, bail};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};

/// How long a program may take.
const PROGRAM_LIMIT: Duration = Duration::from_mins(2);
/// How long an installation may take.
const INSTALL_LIMIT: Duration = Duration::from_mins(10);
/// What is copied beside the installed packages.
const FILES: [&str; 9] = [
    "package.json",
    "package-lock.json",
    "requirements.txt",
    "telegram.mjs",
    "telegram_bot.py",
    "openai_chat.mjs",
    "openai_chat.py",
    "anthropic_chat.py",
    "aimock.json",
];

/// A directory with the packages and the programs.
#[derive(Debug, Clone)]
pub struct Workshop {
    directory: PathBuf,
}

impl Workshop {
    /// Installs what is not installed yet.
    pub async fn open() -> anyhow::Result<Self> {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let workspace = package.parent().context("no workspace")?;
        let directory = workspace.join("target/counterparts");
        std::fs::create_dir_all(&directory)?;
        let mut wanted = String::new();
        for name in FILES {
            let from = package.join("counterparts").join(name);
            std::fs::copy(&from, directory.join(name))
                .with_context(|| format!("{} is missing", from.display()))?;
            if name.starts_with("package") || name.starts_with("requirements") {
                wanted.push_str(&std::fs::read_to_string(&from)?);
            }
        }
        let workshop = Self { directory };
        let stamp = workshop.directory.join("installed");
        if std::fs::read_to_string(&stamp).ok().as_deref() != Some(wanted.as_str()) {
            workshop.install().await?;
            std::fs::write(stamp, wanted)?;
        }
        Ok(workshop)
    }

    async fn install(&self) -> anyhow::Result<()> {
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
        let commands: [(PathBuf, Vec<&str>); 3] = [
            ("npm".into(), vec!["ci", "--no-audit", "--no-fund", "--loglevel=error"]),
            ("python3".into(), vec!["-m", "venv", "venv"]),
            (self.python(), [pip.as_slice(), &["requirements.txt"]].concat()),
        ];
        for (program, arguments) in commands {
            let mut command = Command::new(&program);
            command.args(arguments).current_dir(&self.directory).stdin(Stdio::null());
            let output = tokio::time::timeout(INSTALL_LIMIT, command.kill_on_drop(true).output())
                .await
                .with_context(|| format!("{} did not end", program.display()))??;
            if !output.status.success() {
                bail!("{}: {}", program.display(), String::from_utf8_lossy(&output.stderr));
            }
        }
        Ok(())
    }

    fn python(&self) -> PathBuf {
        self.directory.join("venv/bin/python")
    }

    /// Runs a program, `.mjs` or `.py`, to its end; an error carries what it wrote.
    pub async fn run(&self, program: &str, environment: &[(&str, String)]) -> anyhow::Result<()> {
        let node = program.ends_with("mjs");
        let interpreter = if node { PathBuf::from("node") } else { self.python() };
        let mut command = guarded_command(&interpreter);
        command
            .arg(program)
            .current_dir(&self.directory)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .env("NO_PROXY", "127.0.0.1")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let output = tokio::time::timeout(PROGRAM_LIMIT, command.output())
            .await
            .with_context(|| format!("{program} did not end within {PROGRAM_LIMIT:?}"))??;
        let told = String::from_utf8_lossy(&output.stdout);
        if output.status.success() && told.contains("satisfied") {
            return Ok(());
        }
        bail!("{program}: {}\n{told}\n{}", output.status, String::from_utf8_lossy(&output.stderr))
    }

    /// Starts the independent model server on a port; dropping the child ends it.
    pub fn aimock(&self, port: u16) -> anyhow::Result<Child> {
        guarded_command(Path::new("node"))
            .arg("node_modules/@copilotkit/aimock/dist/cli.js")
            .args(["-p", &port.to_string(), "-f", "aimock.json", "--validate-on-load"])
            .current_dir(&self.directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start aimock")
    }
}
