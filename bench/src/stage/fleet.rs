//! Many tenants, made through the stores before a process starts: each with an agent and a bot
//! whose secrets are really sealed, as if `apply` had been run for each.

use super::setting::ROOT_KEY;
use super::subject::{HOOK_SECRET, Stage, public_hook};
use crate::outside::BOT_TOKEN;
use rookery_domain::agent::AgentProfile;
use rookery_domain::connection::{Connection, connection_secret_name};
use rookery_domain::id::{AgentId, ConnectionId, RevisionId, TenantId};
use rookery_domain::ports::ControlStore as _;
use rookery_domain::ports::control::{AgentChange, TenantChange};
use rookery_domain::tenant::{Tenant, TenantLimits};
use rookery_domain::{Clock, IdSource, Secret, Timestamp};
use rookery_storage::control::ControlTables;
use rookery_storage::directory::{CachedDirectory, DirectorySettings};
use rookery_storage::vault::{RootKey, RootKeys, Vault};
use rookery_storage::{Database, DatabaseSettings};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use uuid::Uuid;

/// One of many tenants.
#[derive(Debug, Clone, Copy)]
pub struct Member {
    /// The tenant.
    pub tenant: TenantId,
    /// Its bot.
    pub connection: ConnectionId,
}

/// Tenants in the order in which they were made.
#[derive(Debug, Default)]
pub struct Fleet {
    /// Each of them.
    pub members: Vec<Member>,
}

#[derive(Debug)]
struct Now;

impl Clock for Now {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

#[derive(Debug)]
struct Ids;

impl IdSource for Ids {
    fn uuid(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// Opens a stage's database and brings its schema up to date, as a start would.
pub async fn migrated(stage: &Stage) -> anyhow::Result<Database> {
    let migrate_url = stage.postgres.as_ref().map(|server| Secret::new(server.owner_url()));
    let settings = DatabaseSettings { migrate_url, ..DatabaseSettings::new(stage.url()) };
    let database = Database::open(settings).await?;
    database.migrate().await?;
    Ok(database)
}

impl Fleet {
    /// Makes so many tenants in a stage's database, while no process serves it.
    pub async fn make(stage: &Stage, tenants: usize) -> anyhow::Result<Self> {
        let database = migrated(stage).await?;
        let root_keys = RootKeys::new(RootKey::from_base64(&Secret::new(ROOT_KEY))?);
        let (clock, ids): (Arc<dyn Clock>, Arc<dyn IdSource>) = (Arc::new(Now), Arc::new(Ids));
        let vault = Arc::new(Vault::new(
            &database,
            root_keys.clone(),
            Arc::clone(&clock),
            Arc::clone(&ids),
        ));
        let directory = Arc::new(CachedDirectory::new(
            &database,
            root_keys.clone(),
            Arc::clone(&clock),
            DirectorySettings::default(),
        ));
        let control = ControlTables::new(&database, vault, directory, root_keys, ids);
        let mut fleet = Self::default();
        for number in 0..tenants {
            let (member, change) = one(number)?;
            control.save(change).await?;
            fleet.members.push(member);
        }
        database.close().await;
        Ok(fleet)
    }
}

fn one(number: usize) -> anyhow::Result<(Member, TenantChange)> {
    let tenant = TenantId::generate(&Ids);
    let agent = AgentId::generate(&Ids);
    let connection = ConnectionId::generate(&Ids);
    let profile = AgentProfile {
        name: "Helper".to_owned(),
        instructions: "You answer customers of a bakery in two sentences.".to_owned(),
        tools: Vec::new(),
        while_busy: rookery_domain::agent::WhileBusy::Queue,
        roles: std::collections::BTreeMap::new(),
        on_ambiguous: None,
        group_activation: rookery_domain::agent::GroupActivation::Mention,
    };
    let secret =
        |field: &str, text: &str| (connection_secret_name(connection, field), Secret::new(text));
    let change = TenantChange {
        tenant: Tenant {
            id: tenant,
            slug: format!("bench-{number}"),
            name: format!("Bench {number}"),
            plan: "free".to_owned(),
            limits: TenantLimits::default(),
            version: 0,
        },
        agents: vec![AgentChange {
            id: agent,
            slug: "helper".to_owned(),
            revision_id: RevisionId::generate(&Ids),
            revision: 1,
            profile,
        }],
        connections: vec![Connection {
            tenant_id: tenant,
            id: connection,
            slug: "tg".to_owned(),
            channel: "telegram".parse()?,
            agent_id: agent,
            settings: serde_json::json!({ "mode": "webhook" }),
            // Known to the platform already, so that no start begins with registering all of them.
            identity: Some(serde_json::json!({
                "id": 700_001, "username": "bench_bot", "name": "Bench",
                "can_read_all_group_messages": true, "hook_url": public_hook(connection),
            })),
            enabled: true,
        }],
        api_keys: Vec::new(),
        revoked_keys: Vec::new(),
        secrets: vec![secret("token", BOT_TOKEN), secret("webhook_secret", HOOK_SECRET)],
        removed_secrets: Vec::new(),
        audit: Vec::new(),
        at: Now.now(),
    };
    Ok((Member { tenant, connection }, change))
}
