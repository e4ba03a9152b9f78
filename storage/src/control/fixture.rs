//! Stores over a fresh database, for the tests of configuration, directory and vault.

use super::ControlTables;
use crate::database::{Database, DatabaseSettings};
use crate::directory::{CachedDirectory, DirectorySettings};
use crate::testing::{PostgresServer, TestDatabase};
use crate::vault::{RootKey, RootKeys, Vault};
use rookery_domain::agent::AgentProfile;
use rookery_domain::api_key::{ApiKey, Scope};
use rookery_domain::audit::AuditEntry;
use rookery_domain::channel::ChannelKind;
use rookery_domain::connection::Connection;
use rookery_domain::id::{AgentId, ApiKeyId, AuditId, ConnectionId, RevisionId, TenantId};
use rookery_domain::ports::ControlStore;
use rookery_domain::ports::control::{AgentChange, TenantChange};
use rookery_domain::testing::{ManualClock, samples};
use rookery_domain::{Clock, IdSource, Secret, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;
use uuid::Uuid;

/// Runs each case on SQLite in memory, on a SQLite file, and all of them on one PostgreSQL: a runner
/// that gives every test its own process would start a server for each.
macro_rules! on_every_database {
    ($($case:ident,)*) => {
        mod in_memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case($crate::control::fixture::Fixture::in_memory().await).await;
            })*
        }
        mod in_a_file {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case($crate::control::fixture::Fixture::in_a_file().await).await;
            })*
        }
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn every_case_holds_on_postgres() {
            $(Box::pin($case($crate::control::fixture::Fixture::on_postgres().await)).await;)*
        }
    };
}
pub(crate) use on_every_database;

/// Sortable ids that differ between tests, for the server that they share.
#[derive(Debug)]
pub(crate) struct FreshIds;

impl IdSource for FreshIds {
    #[expect(clippy::disallowed_methods, reason = "tests share a database server")]
    fn uuid(&self) -> Uuid {
        Uuid::now_v7()
    }
}

#[derive(Debug)]
pub(crate) struct Fixture {
    pub(crate) database: Database,
    pub(crate) root_key: RootKey,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) directory: Arc<CachedDirectory>,
    pub(crate) control: ControlTables,
    pub(crate) folder: Option<tempfile::TempDir>,
}

pub(crate) fn fresh_root_key() -> RootKey {
    let text = RootKey::generate(&ring::rand::SystemRandom::new()).unwrap();
    RootKey::from_base64(&text).unwrap()
}

impl Fixture {
    pub(crate) async fn in_memory() -> Self {
        Self::over(DatabaseSettings::new("sqlite::memory:"), None).await
    }

    pub(crate) async fn in_a_file() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        Self::over(DatabaseSettings::new(url), Some(folder)).await
    }

    /// On the database that the tests of this process share.
    pub(crate) async fn on_postgres() -> Self {
        static SHARED: OnceCell<TestDatabase> = OnceCell::const_new();
        let create = async || PostgresServer::shared().await?.create_database().await;
        let shared = SHARED.get_or_try_init(create).await.unwrap();
        let settings = DatabaseSettings {
            migrate_url: Some(Secret::new(shared.owner_url.as_str())),
            ..DatabaseSettings::new(shared.app_url.as_str())
        };
        Self::over(settings, None).await
    }

    async fn over(settings: DatabaseSettings, folder: Option<tempfile::TempDir>) -> Self {
        let database = Database::open(settings).await.unwrap();
        database.migrate().await.unwrap();
        Self::with_database(database, folder)
    }

    fn with_database(database: Database, folder: Option<tempfile::TempDir>) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_700_000_000_000)));
        let root_key = fresh_root_key();
        let keys = RootKeys::new(root_key.clone());
        let hour = Duration::from_hours(1);
        let settings = DirectorySettings {
            lifetime: hour,
            key_lifetime: hour,
            missing_lifetime: hour,
            ..DirectorySettings::default()
        };
        let (vault, directory, control) = stores(&database, &keys, &clock, settings);
        Self { database, root_key, clock, vault, directory, control, folder }
    }

    /// The same database as another process sees it: its own caches, and other root keys.
    pub(crate) fn another_process(&self, keys: &RootKeys) -> Self {
        let (vault, directory, control) =
            stores(&self.database, keys, &self.clock, DirectorySettings::default());
        Self {
            database: self.database.clone(),
            root_key: keys.current().clone(),
            clock: Arc::clone(&self.clock),
            vault,
            directory,
            control,
            folder: None,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A new tenant with an agent, a connection, a key and a secret.
    pub(crate) async fn tenant(&self) -> Sample {
        let sample = Sample::fresh();
        self.control.save(sample.creation()).await.unwrap();
        sample
    }
}

fn stores(
    database: &Database,
    keys: &RootKeys,
    clock: &Arc<ManualClock>,
    settings: DirectorySettings,
) -> (Arc<Vault>, Arc<CachedDirectory>, ControlTables) {
    let clock: Arc<dyn Clock> = clock.clone();
    let ids: Arc<dyn IdSource> = Arc::new(FreshIds);
    let vault = Vault::new(database, keys.clone(), Arc::clone(&clock), Arc::clone(&ids));
    let directory = Arc::new(CachedDirectory::new(database, keys.clone(), clock, settings));
    let vault = Arc::new(vault);
    let control =
        ControlTables::new(database, Arc::clone(&vault), Arc::clone(&directory), keys.clone(), ids);
    (vault, directory, control)
}

/// What a tenant of a test consists of.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) tenant: TenantId,
    pub(crate) slug: String,
    pub(crate) agent: AgentId,
    pub(crate) connection: ConnectionId,
    pub(crate) key: ApiKeyId,
    pub(crate) key_text: Secret,
}

impl Sample {
    pub(crate) fn fresh() -> Self {
        let ids = FreshIds;
        let tenant = TenantId::generate(&ids);
        Self {
            tenant,
            slug: tenant.to_string().replace('_', "-"),
            agent: AgentId::generate(&ids),
            connection: ConnectionId::generate(&ids),
            key: ApiKeyId::generate(&ids),
            key_text: Secret::new(format!("rk-canary-text-{tenant}")),
        }
    }

    pub(crate) fn creation(&self) -> TenantChange {
        TenantChange {
            agents: vec![self.agent_change(1)],
            connections: vec![self.connection()],
            api_keys: vec![(self.api_key(), self.key_text.clone())],
            secrets: vec![("connection/token".to_owned(), self.secret("token"))],
            ..self.change(0)
        }
    }

    /// A change of nothing but the version.
    pub(crate) fn change(&self, version: i64) -> TenantChange {
        let at = Timestamp::from_millis(1_700_000_000_000 + version);
        TenantChange {
            tenant: rookery_domain::tenant::Tenant {
                version,
                ..samples::tenant(self.tenant, &self.slug)
            },
            agents: Vec::new(),
            connections: Vec::new(),
            api_keys: Vec::new(),
            revoked_keys: Vec::new(),
            secrets: Vec::new(),
            removed_secrets: Vec::new(),
            audit: vec![AuditEntry {
                id: AuditId::generate(&FreshIds),
                actor: "operator".to_owned(),
                action: "tenant.changed".to_owned(),
                subject: self.slug.clone(),
                details: serde_json::json!({ "version": version }),
                at,
            }],
            at,
        }
    }

    pub(crate) fn secret(&self, name: &str) -> Secret {
        Secret::new(format!("canary-secret-{name}-{}", self.tenant))
    }

    pub(crate) fn agent_change(&self, revision: i64) -> AgentChange {
        AgentChange {
            id: self.agent,
            slug: "helper".to_owned(),
            revision_id: RevisionId::generate(&FreshIds),
            revision,
            profile: AgentProfile {
                instructions: format!("Revision {revision}."),
                ..samples::profile("Helper")
            },
        }
    }

    pub(crate) fn connection(&self) -> Connection {
        Connection {
            tenant_id: self.tenant,
            id: self.connection,
            slug: "site".to_owned(),
            channel: ChannelKind::web(),
            agent_id: self.agent,
            settings: serde_json::json!({ "allowed_origins": ["https://example.com"] }),
            identity: None,
            enabled: true,
        }
    }

    pub(crate) fn api_key(&self) -> ApiKey {
        ApiKey {
            tenant_id: self.tenant,
            id: self.key,
            slug: "site".to_owned(),
            prefix: "rk-canary".to_owned(),
            scopes: vec![Scope::Chat, Scope::Read],
            expires_at: None,
            revoked_at: None,
            one_time: false,
        }
    }
}
