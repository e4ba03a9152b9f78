//! Which implementation stands behind which port: the one module that names concrete types across
//! crates.

use crate::config::Config;
use crate::http_clients;
use crate::system::{OsRandom, SystemClock, SystemIds};
use anyhow::Context;
use rookery_actors::{ActorSettings, Services};
use rookery_admin_web::{AppState, WebPorts};
use rookery_billing::RuntimeLimits;
use rookery_channels::{Catalogue, ChannelSettings};
use rookery_control::{Control, ControlPorts, key_text};
use rookery_domain::id::NodeId;
use rookery_domain::ownership::NodeRecord;
use rookery_domain::ports::{ControlStore, Ingestion, Ownership, Toolbox};
use rookery_domain::{Clock, IdSource};
use rookery_llm::Router;
use rookery_storage::control::ControlTables;
use rookery_storage::directory::CachedDirectory;
use rookery_storage::live::LiveFanOut;
use rookery_storage::vault::{RootKey, RootKeys, Vault};
use rookery_storage::{PathStore, StorageError};
use rookery_tools::Tools;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// The supervision tree of this process.
pub(crate) use rookery_actors::System as Tree;
/// The database of this process.
pub(crate) use rookery_storage::Database;

/// The root key's file in the data directory.
pub(crate) const ROOT_KEY_FILE: &str = "root.key";
/// A call to a platform is never longer than its own limit and this.
const PLATFORM_CALL_MARGIN: Duration = Duration::from_secs(15);

/// Everything behind the ports, over one open database.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    control_store: Arc<ControlTables>,
    live: Arc<LiveFanOut>,
    path: Arc<PathStore>,
    directory: Arc<CachedDirectory>,
    vault: Arc<Vault>,
    catalogue: Arc<Catalogue>,
    models: Arc<Router>,
    tools: Arc<Tools>,
    limits: RuntimeLimits,
}

impl Parts {
    /// Puts them together. Makes the root key where there is none.
    pub(crate) fn over(config: &Config, database: &Database) -> anyhow::Result<Self> {
        let root_keys = RootKeys::new(root_key(config)?);
        let vault = Arc::new(Vault::new(database, root_keys.clone(), clock(), ids()));
        let directory = Arc::new(CachedDirectory::new(
            database,
            root_keys.clone(),
            clock(),
            config.limits.storage.directory,
        ));
        let control_store = Arc::new(ControlTables::new(
            database,
            vault.clone(),
            directory.clone(),
            root_keys,
            ids(),
        ));
        Ok(Self {
            control_store,
            live: Arc::new(LiveFanOut::new(config.limits.storage.live)),
            path: database.path_store(clock()),
            directory,
            vault,
            catalogue: catalogue(config)?,
            models: Arc::new(models(config)?),
            tools: Arc::new(Tools::new(clock())),
            limits: RuntimeLimits::new(config.limits.daily),
        })
    }

    /// The use cases of the control plane.
    pub(crate) fn control(&self, public_url: &str) -> Control {
        let ports = ControlPorts {
            store: self.control_store.clone(),
            keys: self.control_store.clone(),
            vault: self.vault.clone(),
            inbox: self.path.clone(),
            outbox: self.path.clone(),
            channels: self.catalogue.clone(),
            clock: clock(),
            ids: ids(),
            random: Arc::new(OsRandom::default()),
        };
        Control::new(ports, self.tools.names(), public_url)
    }

    /// Forgets live events that nobody will ask for. Called now and then.
    pub(crate) fn sweep(&self) {
        self.live.sweep();
    }

    /// The list of tenants.
    pub(crate) fn tenants(&self) -> &dyn ControlStore {
        self.control_store.as_ref()
    }

    /// Registers this boot and starts the supervision tree.
    pub(crate) async fn start_tree(
        &self,
        config: &Config,
        public_url: &str,
    ) -> anyhow::Result<Arc<Tree>> {
        let node = NodeRecord {
            id: NodeId::generate(&SystemIds),
            address: String::new(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        self.path.boot(&node).await.context("cannot register this process in the database")?;
        tracing::info!(node.id = %node.id, version = node.version, "starting");
        let settings = ActorSettings {
            on_ambiguous: config.agents.on_ambiguous,
            ..config.limits.actors.clone()
        };
        let tree = Tree::start(self.services(node.id, public_url), settings)
            .await
            .context("cannot start the supervision tree")?;
        Ok(Arc::new(tree))
    }

    /// The HTTP surface. `draining` turns true when the process is about to end.
    pub(crate) fn web(
        &self,
        config: &Config,
        ingestion: Arc<dyn Ingestion>,
        public_url: &str,
        draining: watch::Receiver<bool>,
    ) -> anyhow::Result<axum::Router> {
        let cookie_key = key_text::make(&OsRandom::default())?;
        let settings = config.limits.web.settings(public_url.parse()?, cookie_key);
        let ports = WebPorts {
            ingestion,
            live: self.live.clone(),
            directory: self.directory.clone(),
            api_keys: self.control_store.clone(),
            control: self.control_store.clone(),
            inbox: self.path.clone(),
            outbox: self.path.clone(),
            turns: self.path.clone(),
            clock: clock(),
            ids: ids(),
        };
        let state = AppState::new(ports, settings, draining);
        Ok(rookery_admin_web::router(state))
    }

    fn services(&self, node: NodeId, public_url: &str) -> Services {
        Services {
            node,
            public_url: public_url.to_owned(),
            clock: clock(),
            ids: ids(),
            ownership: self.path.clone(),
            inbox: self.path.clone(),
            turns: self.path.clone(),
            outbox: self.path.clone(),
            usage: self.path.clone(),
            retention: self.path.clone(),
            tenants: self.control_store.clone(),
            directory: self.directory.clone(),
            vault: self.vault.clone(),
            entitlements: Arc::new(self.limits),
            models: self.models.clone(),
            tools: self.tools.clone(),
            channels: self.catalogue.clone(),
            live: self.live.clone(),
        }
    }
}

/// Opens the configured database.
pub(crate) async fn open_database(config: &Config) -> anyhow::Result<Database> {
    let storage = &config.storage;
    if storage.is_embedded_default() {
        crate::serve::prepare_data_dir(&storage.data_dir)?;
    }
    let settings = config.limits.storage.database(&storage.url, storage.migrate_url.as_ref());
    Database::open(settings).await.map_err(|error| match error {
        StorageError::Open { .. } => anyhow::anyhow!(
            "{:#}; check storage.url, and that the database runs and may be written",
            anyhow::Error::new(error)
        ),
        // The others name their fix themselves.
        other => other.into(),
    })
}

/// The control plane of a process without a supervision tree.
pub(crate) fn control_over(config: &Config, database: &Database) -> anyhow::Result<Control> {
    let public_url = config.http.public_url(config.http.listen);
    Ok(Parts::over(config, database)?.control(&public_url))
}

/// The platforms of this build.
pub(crate) fn catalogue(config: &Config) -> anyhow::Result<Arc<Catalogue>> {
    let telegram = config.channels.telegram.clone();
    let longest = telegram.call_timeout.max(telegram.poll_timeout) + PLATFORM_CALL_MARGIN;
    let client = http_clients::for_platforms(longest)?;
    let catalogue = Catalogue::new(ChannelSettings { telegram }, &client)
        .context("cannot set up the channels")?;
    Ok(Arc::new(catalogue))
}

/// The models of this installation.
pub(crate) fn models(config: &Config) -> anyhow::Result<Router> {
    let client = http_clients::for_models()?;
    Router::new(config.llm.router.clone(), client, clock()).context("cannot set up the models")
}

/// The names of the tools of this build.
pub(crate) fn tool_names() -> Vec<String> {
    Tools::new(clock()).names()
}

pub(crate) fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

pub(crate) fn ids() -> Arc<dyn IdSource> {
    Arc::new(SystemIds)
}

fn root_key(config: &Config) -> anyhow::Result<RootKey> {
    let failed = "no root key: set secrets.root_key, or make the data directory writable";
    if let Some(text) = &config.secrets.root_key {
        return RootKey::from_base64(text).context(failed);
    }
    crate::serve::prepare_data_dir(&config.storage.data_dir)?;
    RootKey::load_or_create(&config.storage.file(ROOT_KEY_FILE)).context(failed)
}
