use super::{Facts, Means, Planned, plan};
use crate::spec::TenantSpec;
use crate::tests::{Counting, read};
use proptest::prelude::*;
use rookery_domain::agent::Agent;
use rookery_domain::id::ApiKeyId;
use rookery_domain::ports::control::{TenantChange, TenantState};
use rookery_domain::testing::SequentialIds;
use rookery_domain::time::Timestamp;
use std::collections::BTreeMap;

/// A tenant as the store would have it after each change, and the texts of its keys.
#[derive(Default)]
struct World {
    facts: Facts,
    texts: BTreeMap<ApiKeyId, String>,
    ids: SequentialIds,
    random: Counting,
}

impl World {
    fn plan(&mut self, spec: &TenantSpec) -> Result<Planned, crate::ControlError> {
        self.facts.web_settings = serde_json::json!({});
        let state = self.facts.state.as_ref();
        self.facts.matching_keys = spec
            .api_keys
            .iter()
            .filter_map(|wanted| {
                let stored = state?.api_keys.iter().find(|key| key.slug == wanted.slug)?;
                let text = wanted.value.as_ref()?.0.expose();
                (self.texts.get(&stored.id)? == text).then_some(stored.id)
            })
            .collect();
        let means = Means {
            ids: &self.ids,
            random: &self.random,
            at: Timestamp::from_millis(1_700_000_000_000),
            actor: "operator",
            public_url: "https://bots.example.com",
        };
        plan(spec, &self.facts, means)
    }

    fn apply(&mut self, text: &str) -> Planned {
        let planned = self.plan(&read(text).unwrap()).unwrap();
        if let Some(change) = &planned.change {
            self.save(change);
        }
        planned
    }

    fn save(&mut self, change: &TenantChange) {
        let state = self.facts.state.get_or_insert_with(|| TenantState {
            tenant: change.tenant.clone(),
            agents: Vec::new(),
            connections: Vec::new(),
            api_keys: Vec::new(),
        });
        state.tenant = change.tenant.clone();
        state.tenant.version += 1;
        for agent in &change.agents {
            state.agents.retain(|stored| stored.id != agent.id);
            state.agents.push(Agent {
                tenant_id: change.tenant.id,
                id: agent.id,
                slug: agent.slug.clone(),
                revision_id: agent.revision_id,
                revision: agent.revision,
                profile: agent.profile.clone(),
            });
        }
        for connection in &change.connections {
            state.connections.retain(|stored| stored.id != connection.id);
            state.connections.push(connection.clone());
        }
        for (key, text) in &change.api_keys {
            state.api_keys.retain(|stored| stored.id != key.id);
            state.api_keys.push(key.clone());
            self.texts.insert(key.id, text.expose().to_owned());
        }
        for key in &mut state.api_keys {
            if change.revoked_keys.contains(&key.id) {
                key.revoked_at = Some(change.at);
            }
        }
        self.facts.vault.extend(change.secrets.iter().cloned());
        self.facts.vault.retain(|name, _| !change.removed_secrets.contains(name));
    }

    fn connection(&self, slug: &str) -> &rookery_domain::connection::Connection {
        let state = self.facts.state.as_ref().unwrap();
        state.connections.iter().find(|found| found.slug == slug).unwrap()
    }
}

const AGENT: &str = "tenant.slug = \"acme\"\n[[agents]]\nslug = \"helper\"\n";
const PIGEON: &str = "[[connections]]\nslug = \"pg\"\nchannel = \"pigeon\"\nagent = \"helper\"\n\
    token = { env = \"TOKEN\" }\n";
const KEY: &str = "[[api_keys]]\nslug = \"site\"\nscopes = [\"chat\"]\nvalue = { env = \"KEY\" }\n";

fn actions(planned: &Planned) -> Vec<&str> {
    let change = planned.change.as_ref();
    let entries = change.into_iter().flat_map(|change| &change.audit);
    entries.map(|entry| entry.action.as_str()).collect()
}

#[test]
fn what_is_printed_is_the_object_of_the_documentation() {
    let mut world = World::default();
    let site = "[[connections]]\nslug = \"site\"\nchannel = \"web\"\nagent = \"helper\"\n";
    let planned = world.apply(&format!("{AGENT}{PIGEON}{site}{KEY}"));
    let printed = serde_json::to_value(&planned.outcome.applied).unwrap();
    let tenant = printed["tenant"]["id"].as_str().unwrap();
    let pigeon = printed["connections"]["pg"]["id"].as_str().unwrap();
    assert!(tenant.starts_with("ten_") && pigeon.starts_with("con_"));
    assert_eq!(
        printed,
        serde_json::json!({
            "tenant": { "id": tenant, "slug": "acme" },
            "agents": { "helper": { "id": printed["agents"]["helper"]["id"] } },
            "connections": {
                "pg": {
                    "id": pigeon,
                    "hook_url": format!("https://bots.example.com/hooks/pigeon/{pigeon}"),
                },
                "site": { "id": printed["connections"]["site"]["id"] },
            },
            "api_keys": { "site": { "id": printed["api_keys"]["site"]["id"] } },
        })
    );
}

#[test]
fn an_agent_gets_a_new_revision_only_when_it_changed_and_keeps_its_id() {
    let mut world = World::default();
    let first = world.apply(AGENT);
    let second = world.apply(&format!("{AGENT}instructions = \"Be brief.\""));
    assert_eq!(actions(&second), ["agent.published"]);
    assert_eq!(second.change.unwrap().agents[0].revision, 2);
    assert_eq!(first.outcome.applied.agents, second.outcome.applied.agents);
}

#[test]
fn an_agent_missing_from_the_file_is_kept_and_a_connection_to_it_still_works() {
    let mut world = World::default();
    world.apply(AGENT);
    let later = world.apply(&format!("tenant.slug = \"acme\"\n{PIGEON}"));
    assert_eq!(actions(&later), ["secret.stored", "connection.created"]);
    assert!(later.outcome.applied.agents.is_empty());
}

#[test]
fn a_connection_to_an_agent_that_is_nowhere_is_a_fault() {
    let refused = World::default()
        .plan(&read(&format!("tenant.slug = \"acme\"\n{PIGEON}")).unwrap())
        .unwrap_err();
    assert_eq!(refused.to_string(), "connections[0].agent: there is no agent `helper`");
}

#[test]
fn a_connection_is_disabled_when_missing_and_comes_back_under_its_id() {
    let mut world = World::default();
    let id = world.apply(&format!("{AGENT}{PIGEON}")).outcome.applied.connections["pg"].id;
    assert_eq!(actions(&world.apply(AGENT)), ["connection.disabled"]);
    assert!(!world.connection("pg").enabled);
    assert!(world.apply(AGENT).change.is_none());
    let back = world.apply(&format!("{AGENT}{PIGEON}"));
    assert_eq!(actions(&back), ["connection.enabled"]);
    assert_eq!(back.outcome.applied.connections["pg"].id, id);
}

#[test]
fn a_connection_does_not_move_to_another_platform() {
    let mut world = World::default();
    world.apply(&format!("{AGENT}{PIGEON}"));
    let moved = "[[connections]]\nslug = \"pg\"\nchannel = \"web\"\nagent = \"helper\"\n";
    let refused = world.plan(&read(&format!("{AGENT}{moved}")).unwrap()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "connections[0].channel: `pg` is on pigeon and stays there; take another slug"
    );
}

#[test]
fn a_new_token_is_stored_and_the_bot_behind_it_is_asked_for_again() {
    let mut world = World::default();
    world.apply(&format!("{AGENT}{PIGEON}"));
    for connection in &mut world.facts.state.as_mut().unwrap().connections {
        connection.identity = Some(serde_json::json!({ "username": "bird" }));
    }
    assert!(world.apply(&format!("{AGENT}{PIGEON}")).change.is_none());
    let other = world.apply(&format!("{AGENT}{}", PIGEON.replace("TOKEN", "OTHER_TOKEN")));
    assert_eq!(actions(&other), ["secret.stored", "connection.changed"]);
    assert_eq!(world.connection("pg").identity, None);
}

#[test]
fn a_secret_missing_from_the_file_is_forgotten() {
    let mut world = World::default();
    let hook = "hook_secret = { env = \"TOKEN\" }\n";
    let own_key = "[secrets]\nllm.main.api_key = { env = \"TOKEN\" }\n";
    world.apply(&format!("{AGENT}{PIGEON}{hook}{own_key}"));
    assert_eq!(world.facts.vault.len(), 3);
    let later = world.apply(&format!("{AGENT}{PIGEON}"));
    assert_eq!(actions(&later), ["secret.removed", "secret.removed", "connection.changed"]);
    assert_eq!(world.facts.vault.len(), 1);
}

#[test]
fn every_agent_has_a_connection_for_our_own_api_that_stays_once_made() {
    let mut world = World::default();
    world.apply(AGENT);
    let implicit = world.connection("api-helper").clone();
    assert!(implicit.enabled);
    let site = "[[connections]]\nslug = \"site\"\nchannel = \"web\"\nagent = \"helper\"\n";
    assert_eq!(actions(&world.apply(&format!("{AGENT}{site}"))), ["connection.created"]);
    assert_eq!(*world.connection("api-helper"), implicit);
    assert_eq!(actions(&world.apply(AGENT)), ["connection.disabled"]);

    let mut other = World::default();
    other.apply(&format!("{AGENT}{site}"));
    assert_eq!(other.facts.state.as_ref().unwrap().connections.len(), 1);
    assert_eq!(actions(&other.apply(AGENT)), ["connection.disabled", "connection.created"]);
    assert!(other.connection("api-helper").enabled);
}

#[test]
fn a_key_is_replaced_when_its_text_changes_revoked_when_missing_and_revived_under_its_id() {
    let mut world = World::default();
    let id = world.apply(&format!("{AGENT}{KEY}")).outcome.applied.api_keys["site"].id;
    let text = KEY.replace("env = \"KEY\"", "value = \"another-key-of-20-chars\"");
    let replaced = world.apply(&format!("{AGENT}{text}"));
    assert_eq!(actions(&replaced), ["api_key.replaced"]);
    assert_eq!(replaced.outcome.applied.api_keys["site"].value, None);
    assert_eq!(world.apply(AGENT).change.unwrap().revoked_keys, [id]);
    let revived = world.apply(&format!("{AGENT}{text}"));
    assert_eq!(revived.change.unwrap().api_keys[0].0.id, id);
}

#[test]
fn a_made_key_keeps_its_scopes() {
    let mut world = World::default();
    let made = "[[api_keys]]\nslug = \"site\"\nscopes = [\"chat\"]\n";
    world.apply(&format!("{AGENT}{made}"));
    let wider = read(&format!("{AGENT}{}", made.replace("chat", "admin"))).unwrap();
    let refused = world.plan(&wider).unwrap_err();
    assert!(refused.to_string().starts_with("api_keys[0].scopes: a made key keeps its scopes"));
}

#[test]
fn no_secret_stands_in_notes_audit_or_debug_output() {
    let mut world = World::default();
    let planned = world.apply(&format!("{AGENT}{PIGEON}{KEY}"));
    let shown = format!("{planned:?}");
    assert!(!shown.contains("canary") && !shown.contains("a-key-of-20"));
}

fn file() -> impl Strategy<Value = String> {
    let agent = (0..3_u8, "[a-z ]{0,8}");
    let agents = prop::collection::vec(agent, 0..3);
    let connections = prop::collection::vec((0..3_u8, any::<bool>(), any::<bool>()), 0..3);
    let keys = prop::collection::vec((0..3_u8, any::<bool>()), 0..3);
    (agents, connections, keys, 0..3_u64).prop_map(|(agents, connections, keys, limit)| {
        let head = format!(
            "[tenant]\nslug = \"t\"\n[limits]\nmessages_per_day = {limit}\n\
             [[agents]]\nslug = \"base\"\n"
        );
        let agents = agents.into_iter().collect::<BTreeMap<_, _>>().into_iter();
        let agents = agents.map(|(slug, instructions)| {
            format!("[[agents]]\nslug = \"a{slug}\"\ninstructions = \"{instructions}\"\n")
        });
        let connections = connections.into_iter().enumerate();
        let connections = connections.map(|(index, (slug, web, token))| {
            let (kind, token) = match (web, token) {
                (true, _) => ("web", ""),
                (false, true) => ("pigeon", "token = { env = \"TOKEN\" }\n"),
                (false, false) => ("pigeon", "token = { env = \"OTHER_TOKEN\" }\n"),
            };
            format!(
                "[[connections]]\nslug = \"{kind}{slug}{index}\"\nchannel = \"{kind}\"\n\
                 agent = \"base\"\n{token}"
            )
        });
        let keys = keys.into_iter().collect::<BTreeMap<_, _>>().into_iter();
        let keys = keys.map(|(slug, given)| {
            let value = if given {
                format!("value = {{ value = \"given-key-number-000{slug}\" }}\n")
            } else {
                String::new()
            };
            format!("[[api_keys]]\nslug = \"k{slug}\"\nscopes = [\"chat\"]\n{value}")
        });
        std::iter::once(head).chain(agents).chain(connections).chain(keys).collect()
    })
}

proptest! {
    #[test]
    fn any_file_after_any_other_settles_at_once_and_keeps_ids(files in prop::collection::vec(file(), 1..5)) {
        let mut world = World::default();
        for text in &files {
            let first = world.apply(text).outcome.applied;
            let second = world.apply(text);
            prop_assert!(second.change.is_none());
            let second = second.outcome.applied;
            prop_assert_eq!(first.agents, second.agents);
            prop_assert_eq!(first.connections, second.connections);
            prop_assert!(second.api_keys.values().all(|key| key.value.is_none()));
        }
    }
}
