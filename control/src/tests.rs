//! The stores and platforms that this crate's tests run on, and the use cases run over them.

use crate::control::{Control, ControlPorts};
use crate::dead_letters::{DeadLetter, DeadLetterId, Direction};
use crate::error::ControlError;
use crate::key_text::{RandomError, RandomSource};
use crate::spec::{Known, SecretSources, TenantSpec, parse};
use async_trait::async_trait;
use futures::executor::block_on;
use futures::lock::Mutex;
use rookery_domain::Secret;
use rookery_domain::agent::Agent;
use rookery_domain::api_key::{ApiKey, Scope};
use rookery_domain::channel::ChannelKind;
use rookery_domain::connection::ConnectionConfig;
use rookery_domain::id::{ApiKeyId, ConnectionId, InboxId, OutboxId, SessionId, TenantId, TurnId};
use rookery_domain::inbox::{Appended, InboxRow, NewInbound};
use rookery_domain::message::{Reply, ReplyTarget};
use rookery_domain::outbox::{OutboxChange, OutboxContent, OutboxRow, OutboxStatus};
use rookery_domain::ownership::Lease;
use rookery_domain::ports::channel::{Adapter, ChannelCatalogue, OpenConnection, SettingsError};
use rookery_domain::ports::control::{TenantChange, TenantState};
use rookery_domain::ports::{ApiKeys, ControlStore, Inbox, Outbox, SecretVault, StoreError};
use rookery_domain::testing::{ManualClock, SequentialIds, samples};
use rookery_domain::time::Timestamp;
use rookery_domain::turn::InboxSettle;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::Uuid;

/// A platform with a token, a hook and one setting.
#[derive(Debug)]
struct Pigeon;

/// The built-in one.
#[derive(Debug)]
struct Web;

fn check_keys(settings: &Map<String, Value>, known: &[&str]) -> Result<Value, Vec<SettingsError>> {
    let errors: Vec<_> = settings
        .keys()
        .filter(|key| !known.contains(&key.as_str()))
        .map(|key| SettingsError { field: key.clone(), reason: "unknown setting".to_owned() })
        .collect();
    if errors.is_empty() { Ok(Value::Object(settings.clone())) } else { Err(errors) }
}

impl Adapter for Pigeon {
    fn kind(&self) -> ChannelKind {
        "pigeon".parse().unwrap()
    }

    fn secret_fields(&self) -> &'static [&'static str] {
        &["token", "hook_secret"]
    }

    fn check_settings(
        &self,
        settings: &Map<String, Value>,
        secrets_given: &[&str],
    ) -> Result<Value, Vec<SettingsError>> {
        if !secrets_given.contains(&"token") {
            return Err(vec![SettingsError {
                field: "token".to_owned(),
                reason: "is missing".to_owned(),
            }]);
        }
        check_keys(settings, &["mode"])
    }

    fn open(&self, _config: &ConnectionConfig) -> Result<OpenConnection, SettingsError> {
        unreachable!("the control plane opens nothing")
    }
}

impl Adapter for Web {
    fn kind(&self) -> ChannelKind {
        ChannelKind::web()
    }

    fn secret_fields(&self) -> &'static [&'static str] {
        &[]
    }

    fn check_settings(
        &self,
        settings: &Map<String, Value>,
        _secrets_given: &[&str],
    ) -> Result<Value, Vec<SettingsError>> {
        check_keys(settings, &["allowed_origins"])
    }

    fn open(&self, _config: &ConnectionConfig) -> Result<OpenConnection, SettingsError> {
        unreachable!("the control plane opens nothing")
    }
}

#[derive(Debug)]
pub(crate) struct Platforms;

impl ChannelCatalogue for Platforms {
    fn find(&self, kind: &ChannelKind) -> Option<Arc<dyn Adapter>> {
        match kind.as_str() {
            "pigeon" => Some(Arc::new(Pigeon)),
            "web" => Some(Arc::new(Web)),
            _ => None,
        }
    }

    fn kinds(&self) -> Vec<ChannelKind> {
        vec!["pigeon".parse().unwrap(), ChannelKind::web()]
    }
}

/// Secrets by name, for both forms.
#[derive(Debug, Default)]
pub(crate) struct Sources(pub(crate) BTreeMap<&'static str, &'static str>);

impl SecretSources for Sources {
    fn env(&self, name: &str) -> Option<Secret> {
        self.0.get(name).map(|text| Secret::new(*text))
    }

    fn file(&self, path: &str) -> Result<Secret, String> {
        self.env(path).ok_or_else(|| "no such file".to_owned())
    }
}

pub(crate) fn tools() -> Vec<String> {
    vec!["calculator".to_owned(), "time".to_owned()]
}

/// Reads a file against [`Platforms`] and [`tools`].
pub(crate) fn read(text: &str) -> Result<TenantSpec, crate::fault::Faults> {
    let known = Known { channels: &Platforms, tools: &tools() };
    let sources = Sources(BTreeMap::from([
        ("TOKEN", "canary-token"),
        ("OTHER_TOKEN", "canary-other"),
        ("KEY", "a-key-of-20-characters"),
        ("EMPTY", ""),
        ("SHORT", "short"),
    ]));
    parse(text, known, &sources)
}

/// Counts up: every key differs.
#[derive(Debug, Default)]
pub(crate) struct Counting(AtomicU64);

impl RandomSource for Counting {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
        let count = self.0.fetch_add(1, Ordering::SeqCst);
        for (index, byte) in buffer.iter_mut().enumerate() {
            let mixed = count.wrapping_add(u64::try_from(index).unwrap()) % 240;
            *byte = u8::try_from(mixed).unwrap();
        }
        Ok(())
    }
}

/// A tenant's rows in memory.
#[derive(Debug, Default)]
struct Stored {
    states: BTreeMap<String, TenantState>,
    vault: BTreeMap<(TenantId, String), Secret>,
    key_texts: BTreeMap<ApiKeyId, Secret>,
    audit: Vec<String>,
    dead: Vec<InboxRow>,
    given_up: Vec<OutboxRow>,
    conflicts: u32,
}

#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<Stored>);

fn put<T>(list: &mut Vec<T>, item: T, same: impl Fn(&T, &T) -> bool) {
    list.retain(|stored| !same(stored, &item));
    list.push(item);
}

fn apply_change(state: &mut TenantState, change: &TenantChange) {
    for agent in &change.agents {
        let agent = Agent {
            tenant_id: change.tenant.id,
            id: agent.id,
            slug: agent.slug.clone(),
            revision_id: agent.revision_id,
            revision: agent.revision,
            profile: agent.profile.clone(),
        };
        put(&mut state.agents, agent, |left, right| left.id == right.id);
    }
    for connection in &change.connections {
        put(&mut state.connections, connection.clone(), |left, right| left.id == right.id);
    }
    for (key, _) in &change.api_keys {
        put(&mut state.api_keys, key.clone(), |left, right| left.id == right.id);
    }
    for key in &mut state.api_keys {
        if change.revoked_keys.contains(&key.id) {
            key.revoked_at = Some(change.at);
        }
    }
}

#[async_trait]
impl ControlStore for Memory {
    async fn tenant_by_slug(&self, slug: &str) -> Result<Option<TenantState>, StoreError> {
        Ok(self.0.lock().await.states.get(slug).cloned())
    }

    async fn tenants(
        &self,
        after: Option<TenantId>,
        limit: u32,
    ) -> Result<Vec<TenantId>, StoreError> {
        let stored = self.0.lock().await;
        let mut ids: Vec<_> = stored.states.values().map(|state| state.tenant.id).collect();
        ids.sort_unstable();
        ids.retain(|id| after.is_none_or(|after| *id > after));
        ids.truncate(usize::try_from(limit).unwrap());
        Ok(ids)
    }

    async fn save(&self, change: TenantChange) -> Result<(), StoreError> {
        let mut stored = self.0.lock().await;
        if stored.conflicts > 0 {
            stored.conflicts -= 1;
            return Err(StoreError::Conflict("somebody was faster".to_owned()));
        }
        let tenant = change.tenant.id;
        let mut state =
            stored.states.get(&change.tenant.slug).cloned().unwrap_or_else(|| TenantState {
                tenant: samples::tenant(tenant, &change.tenant.slug),
                agents: Vec::new(),
                connections: Vec::new(),
                api_keys: Vec::new(),
            });
        if state.tenant.version != change.tenant.version {
            return Err(StoreError::Conflict("version".to_owned()));
        }
        state.tenant = change.tenant.clone();
        state.tenant.version += 1;
        apply_change(&mut state, &change);
        stored.states.insert(change.tenant.slug.clone(), state);
        for (key, text) in &change.api_keys {
            stored.key_texts.insert(key.id, text.clone());
        }
        for (name, secret) in change.secrets {
            stored.vault.insert((tenant, name), secret);
        }
        for name in change.removed_secrets {
            stored.vault.remove(&(tenant, name));
        }
        let actions = change.audit.into_iter().map(|entry| entry.action);
        stored.audit.extend(actions);
        Ok(())
    }
}

#[async_trait]
impl ApiKeys for Memory {
    async fn redeem(&self, _text: &Secret, _at: Timestamp) -> Result<Option<ApiKey>, StoreError> {
        Ok(None)
    }

    async fn matches(
        &self,
        _tenant: TenantId,
        id: ApiKeyId,
        text: &Secret,
    ) -> Result<bool, StoreError> {
        Ok(self.0.lock().await.key_texts.get(&id) == Some(text))
    }
}

#[async_trait]
impl SecretVault for Memory {
    async fn get(&self, tenant: TenantId, name: &str) -> Result<Option<Secret>, StoreError> {
        let key = (tenant, name.to_owned());
        Ok(self.0.lock().await.vault.get(&key).cloned())
    }

    async fn with_prefix(
        &self,
        tenant: TenantId,
        prefix: &str,
    ) -> Result<Vec<(String, Secret)>, StoreError> {
        let stored = self.0.lock().await;
        let found = stored
            .vault
            .iter()
            .filter(|((owner, name), _)| *owner == tenant && name.starts_with(prefix));
        Ok(found.map(|((_, name), secret)| (name.clone(), secret.clone())).collect())
    }
}

#[async_trait]
impl Inbox for Memory {
    async fn append(&self, _row: NewInbound) -> Result<Appended, StoreError> {
        unreachable!("the control plane appends nothing")
    }

    async fn undone(
        &self,
        _tenant: TenantId,
        _after: Option<InboxId>,
        _limit: u32,
    ) -> Result<Vec<InboxRow>, StoreError> {
        unreachable!("the control plane processes nothing")
    }

    async fn find(&self, _: TenantId, _: InboxId) -> Result<Option<InboxRow>, StoreError> {
        Ok(None)
    }

    async fn settle(&self, _lease: &Lease, _settle: InboxSettle) -> Result<(), StoreError> {
        unreachable!("the control plane settles nothing")
    }

    async fn count_attempt(&self, _lease: &Lease, _id: InboxId) -> Result<u32, StoreError> {
        unreachable!("the control plane processes nothing")
    }

    async fn dead_letters(
        &self,
        tenant: TenantId,
        _before: Option<InboxId>,
        limit: u32,
    ) -> Result<Vec<InboxRow>, StoreError> {
        let stored = self.0.lock().await;
        let of_tenant = stored.dead.iter().filter(|row| row.inbound.tenant_id == tenant);
        Ok(of_tenant.take(usize::try_from(limit).unwrap()).cloned().collect())
    }

    async fn replay(&self, tenant: TenantId, id: InboxId) -> Result<bool, StoreError> {
        let mut stored = self.0.lock().await;
        let before = stored.dead.len();
        stored.dead.retain(|row| row.inbound.tenant_id != tenant || row.inbound.id != id);
        Ok(stored.dead.len() < before)
    }
}

#[async_trait]
impl Outbox for Memory {
    async fn change(&self, _: &Lease, _: OutboxChange, _: Timestamp) -> Result<(), StoreError> {
        unreachable!("the control plane sends nothing")
    }

    async fn unsettled(
        &self,
        _tenant: TenantId,
        _after: Option<OutboxId>,
        _limit: u32,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        unreachable!("the control plane sends nothing")
    }

    async fn of_session(
        &self,
        _tenant: TenantId,
        _session: SessionId,
        _after_seq: i64,
        _limit: u32,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        unreachable!("the control plane shows no conversation")
    }

    async fn of_turn(&self, _: TenantId, _: TurnId) -> Result<Vec<OutboxRow>, StoreError> {
        unreachable!("the control plane shows no conversation")
    }

    async fn dead_letters(
        &self,
        tenant: TenantId,
        _before: Option<OutboxId>,
        limit: u32,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        let stored = self.0.lock().await;
        let of_tenant = stored.given_up.iter().filter(|row| row.tenant_id == tenant);
        Ok(of_tenant.take(usize::try_from(limit).unwrap()).cloned().collect())
    }

    async fn replay(&self, tenant: TenantId, id: OutboxId) -> Result<bool, StoreError> {
        let mut stored = self.0.lock().await;
        let before = stored.given_up.len();
        stored.given_up.retain(|row| row.tenant_id != tenant || row.id != id);
        Ok(stored.given_up.len() < before)
    }
}

pub(crate) fn control(memory: &Arc<Memory>) -> Control {
    let ports = ControlPorts {
        store: memory.clone(),
        keys: memory.clone(),
        vault: memory.clone(),
        inbox: memory.clone(),
        outbox: memory.clone(),
        channels: Arc::new(Platforms),
        clock: Arc::new(ManualClock::at(Timestamp::from_millis(1_700_000_000_000))),
        ids: Arc::new(SequentialIds::default()),
        random: Arc::new(Counting::default()),
    };
    Control::new(ports, tools(), "https://bots.example.com/")
}

fn version(memory: &Memory, slug: &str) -> i64 {
    block_on(memory.tenant_by_slug(slug)).unwrap().unwrap().tenant.version
}

const FILE: &str = r#"
    tenant = { slug = "acme" }
    [[agents]]
    slug = "helper"
    [[connections]]
    slug = "pg"
    channel = "pigeon"
    agent = "helper"
    token = { env = "TOKEN" }
    [[api_keys]]
    slug = "site"
    scopes = ["chat"]
"#;

#[test]
fn applying_a_file_twice_changes_nothing_the_second_time() {
    let memory = Arc::new(Memory::default());
    let control = control(&memory);
    let spec = read(FILE).unwrap();
    let first = block_on(control.apply(&spec)).unwrap();
    let audited = block_on(memory.0.lock()).audit.len();
    let second = block_on(control.apply(&spec)).unwrap();
    assert!(first.changed && !second.changed);
    assert!(first.applied.api_keys["site"].value.is_some());
    assert_eq!(second.applied.api_keys["site"].value, None);
    assert_eq!(first.applied.tenant, second.applied.tenant);
    assert_eq!(first.applied.connections, second.applied.connections);
    assert_eq!(block_on(memory.0.lock()).audit.len(), audited);
    assert_eq!(version(&memory, "acme"), 1);
}

#[test]
fn a_simultaneous_change_is_planned_again_and_given_up_at_the_limit() {
    let memory = Arc::new(Memory::default());
    let control = control(&memory);
    let spec = read(FILE).unwrap();
    block_on(memory.0.lock()).conflicts = crate::control::ATTEMPTS_MAX - 1;
    assert!(block_on(control.apply(&spec)).unwrap().changed);
    let changed = read(&FILE.replace("chat\"]", "read\"]\nvalue = { env = \"KEY\" }")).unwrap();
    block_on(memory.0.lock()).conflicts = crate::control::ATTEMPTS_MAX;
    let refused = block_on(control.apply(&changed));
    assert!(matches!(refused, Err(ControlError::Contended(slug)) if slug == "acme"));
}

#[test]
fn a_fresh_install_gets_a_tenant_an_agent_a_key_and_a_link_that_replaces_the_one_before() {
    let memory = Arc::new(Memory::default());
    let control = control(&memory);
    assert_eq!(block_on(control.sign_in()).unwrap(), None);
    let outcome = block_on(control.bootstrap()).unwrap();
    assert!(outcome.applied.api_keys["admin"].value.is_some());
    let first = block_on(control.sign_in()).unwrap().unwrap();
    let second = block_on(control.sign_in()).unwrap().unwrap();
    assert_ne!(first.token, second.token);
    let state = block_on(memory.tenant_by_slug("default")).unwrap().unwrap();
    assert_eq!(state.connections[0].slug, "api-helper");
    let links: Vec<_> = state.api_keys.iter().filter(|key| key.one_time).collect();
    assert_eq!(links.len(), 1);
    assert_eq!(block_on(memory.0.lock()).key_texts[&links[0].id], second.token);
    assert!(links[0].expires_at.is_some());
}

#[test]
fn a_file_for_the_embedded_tenant_leaves_its_sign_in_link_alone() {
    let memory = Arc::new(Memory::default());
    let control = control(&memory);
    block_on(control.bootstrap()).unwrap();
    block_on(control.sign_in()).unwrap();
    let spec = read("[tenant]\nslug = \"default\"").unwrap();
    block_on(control.apply(&spec)).unwrap();
    let state = block_on(memory.tenant_by_slug("default")).unwrap().unwrap();
    for key in state.api_keys {
        assert_eq!(key.revoked_at.is_some(), key.slug == "admin");
    }
}

#[test]
fn a_key_is_made_under_a_free_slug_of_a_known_tenant_only() {
    let memory = Arc::new(Memory::default());
    let control = control(&memory);
    block_on(control.apply(&read(FILE).unwrap())).unwrap();
    let made = block_on(control.create_key("acme", "ci", &[Scope::Read])).unwrap();
    assert!(made.value.0.expose().starts_with("rk_"));
    assert!(!format!("{made:?}").contains(made.value.0.expose()));
    let taken = block_on(control.create_key("acme", "ci", &[Scope::Read]));
    assert!(matches!(taken, Err(ControlError::Faults(_))));
    let stranger = block_on(control.create_key("nobody", "ci", &[Scope::Read]));
    assert!(matches!(stranger, Err(ControlError::UnknownTenant(_))));
}

fn unprocessable(tenant: TenantId, connection: ConnectionId, number: u128) -> InboxRow {
    let id = InboxId::from_uuid(Uuid::from_u128(number));
    InboxRow {
        inbound: samples::inbound(tenant, connection, id, "k"),
        attempts: 3,
        outcome: None,
        turn_id: None,
        error: Some("it crashed".to_owned()),
        done_at: None,
    }
}

fn unsendable(tenant: TenantId, connection: ConnectionId, number: u128) -> OutboxRow {
    let at = Timestamp::from_millis(1_700_000_000_000);
    OutboxRow {
        tenant_id: tenant,
        id: OutboxId::from_uuid(Uuid::from_u128(number)),
        session_id: SessionId::derived(tenant, connection, "chat"),
        connection_id: connection,
        turn_id: None,
        inbox_id: Some(InboxId::from_uuid(Uuid::from_u128(1))),
        seq: 2,
        target: ReplyTarget(Value::Null),
        content: OutboxContent {
            reply: Reply::answer("wörds"),
            part: Value::from("wörds"),
            finishes: None,
        },
        status: OutboxStatus::Dead,
        attempts: 1,
        next_attempt_at: at,
        was_ambiguous: false,
        platform_message_id: None,
        error: Some("blocked".to_owned()),
        created_at: at,
        sent_at: None,
    }
}

/// Two tenants; each has an inbound row, an outbound one, and an inbound one, in this order.
fn with_dead_letters() -> (Arc<Memory>, Control) {
    let memory = Arc::new(Memory::default());
    let control = control(&memory);
    for (slug, number) in [("acme", 10), ("umbra", 20)] {
        let spec = read(&FILE.replace("acme", slug)).unwrap();
        let applied = block_on(control.apply(&spec)).unwrap().applied;
        let (tenant, connection) = (applied.tenant.id, applied.connections["pg"].id);
        let mut stored = block_on(memory.0.lock());
        stored.dead.push(unprocessable(tenant, connection, number + 3));
        stored.dead.push(unprocessable(tenant, connection, number + 1));
        stored.given_up.push(unsendable(tenant, connection, number + 2));
    }
    (memory, control)
}

#[test]
fn dead_letters_of_both_directions_are_listed_newest_first_up_to_the_limit() {
    use Direction::{Inbound, Outbound};

    let (_memory, control) = with_dead_letters();
    let directions = |tenant, limit| -> Vec<Direction> {
        let letters = block_on(control.dead_letters(tenant, limit)).unwrap();
        letters.into_iter().map(|letter| letter.direction).collect()
    };
    assert_eq!(directions(Some("acme"), 10), [Inbound, Outbound, Inbound]);
    assert_eq!(directions(Some("acme"), 2), [Inbound, Outbound]);
    assert_eq!(directions(None, 4), [Inbound, Outbound, Inbound, Inbound]);
    assert_eq!(directions(None, 10).len(), 6);
    assert_eq!(directions(None, 0), []);
}

#[test]
fn a_dead_letter_shows_what_became_of_it_and_never_what_was_said() {
    let (_memory, control) = with_dead_letters();
    let letters = block_on(control.dead_letters(Some("acme"), 2)).unwrap();
    let shown = serde_json::to_value(&letters).unwrap();
    assert_eq!(shown[0]["direction"], "inbound");
    assert!(shown[0]["channel"].is_string() && shown[0].get("answers").is_none(), "{shown}");
    assert!(shown[0]["id"].as_str().unwrap().starts_with("run_"));
    let tenant = letters[1].tenant_id;
    assert_eq!(
        shown[1],
        serde_json::json!({
            "tenant_id": tenant,
            "direction": "outbound",
            "id": OutboxId::from_uuid(Uuid::from_u128(12)),
            "connection_id": letters[0].connection_id,
            "answers": InboxId::from_uuid(Uuid::from_u128(1)),
            "created_at": "2023-11-14T22:13:20.000Z",
            "attempts": 1,
            "error": "blocked",
            "size_bytes": 6,
        })
    );
    assert_eq!(serde_json::from_value::<Vec<DeadLetter>>(shown).unwrap(), letters);
}

#[test]
fn a_dead_letter_of_either_direction_is_replayed_once() {
    let (_memory, control) = with_dead_letters();
    let letters = block_on(control.dead_letters(Some("umbra"), 2)).unwrap();
    for letter in letters {
        assert_eq!(block_on(control.replay(Some("acme"), letter.id)).unwrap(), None);
        let replayed = block_on(control.replay(None, letter.id)).unwrap().unwrap();
        assert_eq!((replayed.id, replayed.tenant_id), (letter.id, letter.tenant_id));
        assert_eq!(block_on(control.replay(None, letter.id)).unwrap(), None);
    }
    assert_eq!(block_on(control.dead_letters(Some("umbra"), 10)).unwrap().len(), 1);
}

#[test]
fn a_dead_letters_id_is_known_by_its_prefix() {
    let uuid = Uuid::from_u128(7);
    for (id, text) in [
        (DeadLetterId::Inbound(InboxId::from_uuid(uuid)), InboxId::from_uuid(uuid).to_string()),
        (DeadLetterId::Outbound(OutboxId::from_uuid(uuid)), OutboxId::from_uuid(uuid).to_string()),
    ] {
        assert_eq!(text.parse(), Ok(id));
        assert_eq!(id.to_string(), text);
    }
    for text in ["", "run_", "out_7", "con_00000000000000000000000007"] {
        let refused = text.parse::<DeadLetterId>().unwrap_err();
        assert!(refused.to_string().contains("`run_` or `out_`"), "{refused}");
    }
}
