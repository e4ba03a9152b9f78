//! One whole system for a test: the real binary with a fake Bot API, a fake model, a database of
//! its own, and one tenant applied to it.

use crate::build::{binary, poisoned_binary};
use crate::client::Api;
use crate::fake::model::{FakeModel, Wire};
use crate::fake::telegram::{BotHandle, FakeTelegram, Timing};
use crate::launch::{Finished, KillPlan, Launch, Rookery, free_port};
use crate::postgres::Postgres;
use anyhow::{Context as _, bail};
use serde_json::Value;
use std::fmt::Write as _;
use std::time::Duration;
use tempfile::TempDir;

/// The tenant's bot token on the fake.
pub const BOT_TOKEN: &str = "700001:acme-test-token";
/// The bot's user name.
pub const BOT_NAME: &str = "acme_bakery_bot";
/// The secret that webhook calls carry.
pub const HOOK_SECRET: &str = "acme-hook-secret_1";
/// The tenant's API key.
pub const API_KEY: &str = "rk_acme_0123456789abcdef";
/// The origin that the tenant's web connection allows.
pub const WEB_ORIGIN: &str = "https://shop.example.com";
/// How long a reply may take before a test calls it missing.
pub const REPLY_LIMIT: Duration = Duration::from_secs(30);

/// Which database a system runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// A file in the test's directory.
    Sqlite,
    /// A private server.
    Postgres,
}

impl Database {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];

    /// Its name in options and file names.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// How a system is set up.
#[derive(Debug, Clone)]
pub struct Setup {
    /// On which database.
    pub database: Database,
    /// Over which wire the model is asked.
    pub wire: Wire,
    /// `webhook` or `polling`.
    pub mode: &'static str,
    /// More lines of the agent's table.
    pub agent: String,
    /// More tables of the apply file.
    pub tables: String,
    /// More settings, as environment variables.
    pub environment: Vec<(String, String)>,
    /// On a PostgreSQL server that no other test uses.
    pub own_server: bool,
    /// With the binary in which every turn that uses a tool panics.
    pub poisoned: bool,
    /// How fast the fake platform's time runs.
    pub timing: Timing,
    /// Decides what the fakes do by chance.
    pub seed: u64,
}

impl Setup {
    /// The usual one: a webhook bot, the OpenAI wire.
    pub fn on(database: Database) -> Self {
        Self {
            database,
            wire: Wire::OpenAi,
            mode: "webhook",
            agent: String::new(),
            tables: String::new(),
            environment: Vec::new(),
            own_server: false,
            poisoned: false,
            timing: Timing::default(),
            seed: 1,
        }
    }

    /// With another wire to the model.
    #[must_use]
    pub const fn wire(mut self, wire: Wire) -> Self {
        self.wire = wire;
        self
    }

    /// With a bot that fetches its updates.
    #[must_use]
    pub const fn polling(mut self) -> Self {
        self.mode = "polling";
        self
    }

    /// With a database server that the test may stop.
    #[must_use]
    pub const fn own_server(mut self) -> Self {
        self.own_server = true;
        self
    }

    /// With the binary in which every turn that uses a tool panics.
    #[must_use]
    pub const fn poisoned(mut self) -> Self {
        self.poisoned = true;
        self
    }

    /// With more lines in the agent's table.
    #[must_use]
    pub fn agent(mut self, lines: &str) -> Self {
        lines.clone_into(&mut self.agent);
        self
    }

    /// With one more setting, named as in the environment: `SECTION__KEY`.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.environment.push((format!("ROOKERY__{name}"), value.to_owned()));
        self
    }
}

/// A running system. Dropping it ends and removes everything.
#[derive(Debug)]
pub struct System {
    /// The process; `None` while it is down.
    pub rookery: Option<Rookery>,
    /// The fake platform.
    pub telegram: FakeTelegram,
    /// The tenant's bot there.
    pub bot: BotHandle,
    /// The fake model.
    pub model: FakeModel,
    /// The database server, on PostgreSQL.
    pub postgres: Option<Postgres>,
    /// How the process is started.
    pub launch: Launch,
    /// What `apply` printed for the tenant.
    pub applied: Value,
    base: String,
    setup: Setup,
    directory: TempDir,
}

impl System {
    /// Starts everything, applies the tenant and waits until the bot is connected.
    pub async fn start(setup: Setup) -> anyhow::Result<Self> {
        let mut system = Self::prepare(setup).await?;
        system.serve(None).await?;
        let file = system.apply_file();
        system.applied = system.apply(&file).await?;
        system.wait_until_connected().await?;
        Ok(system)
    }

    /// Starts everything but our process.
    pub async fn prepare(setup: Setup) -> anyhow::Result<Self> {
        let binary = if setup.poisoned { poisoned_binary().await? } else { binary().await? };
        let telegram = FakeTelegram::start_with(setup.timing, setup.seed).await?;
        let bot = telegram.bot(BOT_TOKEN, BOT_NAME).await?;
        let model = FakeModel::start().await?;
        let postgres = match setup.database {
            Database::Sqlite => None,
            Database::Postgres if setup.own_server => Some(Postgres::own().await?),
            Database::Postgres => Some(Postgres::shared().await?),
        };
        let directory = tempfile::Builder::new().prefix("rookery-system-").tempdir()?;
        let base = format!("http://127.0.0.1:{}", free_port()?);
        let config = directory.path().join("rookery.toml");
        let mut system = Self {
            rookery: None,
            telegram,
            bot,
            model,
            postgres,
            launch: Launch {
                binary,
                config: Some(config.clone()),
                data_dir: directory.path().join("data"),
                directory: directory.path().to_owned(),
                environment: setup.environment.clone(),
            },
            applied: Value::Null,
            base,
            setup,
            directory,
        };
        system.launch.environment.extend([
            ("ACME_TELEGRAM_TOKEN".to_owned(), BOT_TOKEN.to_owned()),
            ("ACME_TELEGRAM_SECRET".to_owned(), HOOK_SECRET.to_owned()),
            ("ACME_API_KEY".to_owned(), API_KEY.to_owned()),
        ]);
        std::fs::write(config, system.config()?)?;
        Ok(system)
    }

    fn config(&self) -> anyhow::Result<String> {
        let mut config = String::new();
        let listen = self.base.trim_start_matches("http://");
        write!(
            config,
            "[http]\nlisten = \"{listen}\"\npublic_url = \"{}\"\n\n[ops]\nlisten = \"127.0.0.1:0\"\n\n",
            self.base
        )?;
        let data = self.launch.data_dir.display();
        match &self.postgres {
            None => write!(
                config,
                "[storage]\nurl = \"sqlite://{}\"\n",
                self.directory.path().join("store.db").display()
            )?,
            Some(server) => write!(
                config,
                "[storage]\nurl = \"{}\"\nmigrate_url = \"{}\"\n",
                server.url(),
                server.owner_url()
            )?,
        }
        write!(
            config,
            "data_dir = \"{data}\"\n\n[channels.telegram]\napi_url = \"{}\"\n\
             per_chat_per_second = 1000\nper_group_per_minute = 60000\n\
             per_bot_per_second = 1000\n\n",
            self.telegram.url()
        )?;
        write!(
            config,
            "[llm.providers.main]\nkind = \"{}\"\nbase_url = \"{}\"\napi_key = \"{}\"\n\n\
             [llm.roles]\nchat = [\"main/fake-1\"]\n",
            self.setup.wire.name(),
            self.model.base_url(self.setup.wire),
            self.model.key()
        )?;
        Ok(config)
    }

    /// The tenant as an apply file.
    pub fn apply_file(&self) -> String {
        let Setup { mode, agent, tables, .. } = &self.setup;
        let secret = match *mode {
            "webhook" => "webhook_secret = { env = \"ACME_TELEGRAM_SECRET\" }\n",
            _ => "",
        };
        format!(
            "[tenant]\nslug = \"acme\"\nname = \"Acme Bakery\"\nplan = \"pro\"\n\n\
             [[agents]]\nslug = \"helper\"\nname = \"Helper\"\n\
             instructions = \"You answer customers of a bakery in two sentences.\"\n\
             tools = [\"time\", \"calculator\"]\n{agent}\n\
             [[connections]]\nslug = \"tg\"\nchannel = \"telegram\"\nagent = \"helper\"\n\
             mode = \"{mode}\"\ntoken = {{ env = \"ACME_TELEGRAM_TOKEN\" }}\n{secret}\n\
             [[connections]]\nslug = \"site\"\nchannel = \"web\"\nagent = \"helper\"\n\
             allowed_origins = [\"{WEB_ORIGIN}\"]\n\n\
             [[api_keys]]\nslug = \"site\"\nscopes = [\"chat\", \"read\"]\n\
             value = {{ env = \"ACME_API_KEY\" }}\n\n{tables}\n"
        )
    }

    /// Starts our process.
    pub async fn serve(&mut self, plan: Option<KillPlan>) -> anyhow::Result<&mut Rookery> {
        let rookery = self.launch.serve(plan).await?;
        Ok(self.rookery.insert(rookery))
    }

    /// Our process, which must be up.
    pub fn process(&mut self) -> anyhow::Result<&mut Rookery> {
        self.rookery.as_mut().context("the process is down")
    }

    /// Applies a file's text and returns what was printed.
    pub async fn apply(&self, text: &str) -> anyhow::Result<Value> {
        let finished = self.try_apply(text).await?;
        if finished.code != Some(0) {
            bail!("apply failed with {:?}: {}", finished.code, finished.stderr);
        }
        serde_json::from_str(&finished.stdout)
            .with_context(|| format!("apply printed no JSON object: {}", finished.stdout))
    }

    /// Applies a file's text, whatever comes of it.
    pub async fn try_apply(&self, text: &str) -> anyhow::Result<Finished> {
        let file = self.directory.path().join("apply.toml");
        std::fs::write(&file, text)?;
        self.launch.run(&["apply", &file.display().to_string()]).await
    }

    /// Waits until the bot's webhook is registered or its long poll waits.
    pub async fn wait_until_connected(&self) -> anyhow::Result<()> {
        let sign = if self.setup.mode == "polling" { "getUpdates" } else { "setWebhook" };
        self.bot
            .wait_for_calls(REPLY_LIMIT, |calls| {
                calls.iter().any(|call| call.method == sign)
                    || (sign == "getUpdates"
                        && calls.iter().any(|call| call.method == "deleteWebhook"))
            })
            .await?;
        Ok(())
    }

    /// The base URL of the public listener; the same after every restart.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// A caller with the tenant's key.
    pub fn api(&self) -> anyhow::Result<Api> {
        Api::new(&self.base, API_KEY)
    }

    /// Where the platform delivers to.
    pub fn hook_url(&self) -> anyhow::Result<String> {
        self.applied
            .pointer("/connections/tg/hook_url")
            .and_then(Value::as_str)
            .map(str::to_owned)
            .context("apply printed no hook URL")
    }

    /// Runs SQL against the store, whatever it is, and returns rows as lines with `|` between
    /// columns.
    pub async fn sql(&self, statement: &str) -> anyhow::Result<String> {
        if let Some(server) = &self.postgres {
            return server.query(statement).await;
        }
        let output = tokio::process::Command::new("sqlite3")
            .arg("-readonly")
            .arg(self.directory.path().join("store.db"))
            .arg(statement)
            .output()
            .await
            .context("sqlite3 is not installed: apt-get install sqlite3")?;
        if !output.status.success() {
            bail!("sqlite3: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// The directory that goes away with the system.
    pub fn directory(&self) -> &std::path::Path {
        self.directory.path()
    }
}

impl Drop for System {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.rookery.as_ref().map(Rookery::log_tail);
            report(log.as_deref().unwrap_or("no process"));
        }
    }
}

#[expect(clippy::print_stderr, reason = "a failed test shows what the process logged")]
fn report(log: &str) {
    eprintln!("--- the process's log ---\n{log}");
}
