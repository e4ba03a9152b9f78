//! Connections: created, changed, enabled again, or disabled when the file no longer has them; and
//! the implicit one through which our own API reaches an agent.

use super::applied::AppliedConnection;
use super::draft::Draft;
use super::plan::Facts;
use crate::spec::{ConnectionSpec, RESERVED_CONNECTION_PREFIX, TenantSpec};
use rookery_domain::channel::ChannelKind;
use rookery_domain::connection::{Connection, connection_secret_name};
use rookery_domain::id::{AgentId, ConnectionId};
use std::collections::BTreeMap;

/// Plans the connections and returns those of the file as they are printed.
pub(super) fn plan_connections(
    draft: &mut Draft<'_>,
    spec: &TenantSpec,
    facts: &Facts,
    agents: &BTreeMap<String, AgentId>,
) -> BTreeMap<String, AppliedConnection> {
    let mut after: BTreeMap<String, Connection> = facts
        .state
        .iter()
        .flat_map(|state| &state.connections)
        .map(|connection| (connection.slug.clone(), connection.clone()))
        .collect();
    let mut applied = BTreeMap::new();
    for (index, wanted) in spec.connections.iter().enumerate() {
        let Some(agent_id) = agents.get(&wanted.agent) else {
            draft.faults.push(
                format!("connections[{index}].agent"),
                format!("there is no agent `{}`", wanted.agent),
            );
            continue;
        };
        let stored = after.get(&wanted.slug);
        if let Some(stored) = stored.filter(|stored| stored.channel != wanted.channel) {
            draft.faults.push(
                format!("connections[{index}].channel"),
                format!(
                    "`{}` is on {} and stays there; take another slug",
                    wanted.slug, stored.channel
                ),
            );
            continue;
        }
        let connection = plan_one(draft, wanted, *agent_id, (stored, facts));
        applied.insert(wanted.slug.clone(), printed(draft, &connection));
        after.insert(wanted.slug.clone(), connection);
    }
    disable_missing(draft, spec, &mut after);
    add_implicit(draft, facts, agents, &after);
    applied
}

fn plan_one(
    draft: &mut Draft<'_>,
    wanted: &ConnectionSpec,
    agent_id: AgentId,
    (stored, facts): (Option<&Connection>, &Facts),
) -> Connection {
    let id =
        stored.map_or_else(|| ConnectionId::generate(draft.means.ids), |connection| connection.id);
    let secrets_differed = draft.secrets(
        &facts.vault,
        &connection_secret_name(id, ""),
        wanted.secrets.iter().map(|(field, secret)| (connection_secret_name(id, field), &secret.0)),
    );
    let connection = Connection {
        tenant_id: draft.change.tenant.id,
        id,
        slug: wanted.slug.clone(),
        channel: wanted.channel.clone(),
        agent_id,
        settings: wanted.settings.clone(),
        // Another token may be another bot, and other settings another registration: the platform
        // is asked again.
        identity: stored
            .filter(|stored| {
                stored.enabled && !secrets_differed && stored.settings == wanted.settings
            })
            .and_then(|connection| connection.identity.clone()),
        enabled: true,
    };
    let action = match stored {
        None => "connection.created",
        Some(stored) if !stored.enabled => "connection.enabled",
        Some(stored) if secrets_differed || *stored != connection => "connection.changed",
        Some(_) => return connection,
    };
    save(draft, action, &connection);
    connection
}

fn disable_missing(
    draft: &mut Draft<'_>,
    spec: &TenantSpec,
    after: &mut BTreeMap<String, Connection>,
) {
    for (slug, connection) in after.iter_mut() {
        let in_file = spec.connections.iter().any(|wanted| wanted.slug == *slug);
        if in_file || !connection.enabled || slug.starts_with(RESERVED_CONNECTION_PREFIX) {
            continue;
        }
        connection.enabled = false;
        save(draft, "connection.disabled", connection);
    }
}

fn add_implicit(
    draft: &mut Draft<'_>,
    facts: &Facts,
    agents: &BTreeMap<String, AgentId>,
    after: &BTreeMap<String, Connection>,
) {
    for (agent, agent_id) in agents {
        let reachable = after.values().any(|connection| {
            connection.enabled
                && connection.agent_id == *agent_id
                && connection.channel == ChannelKind::web()
        });
        if reachable {
            continue;
        }
        let slug = format!("{RESERVED_CONNECTION_PREFIX}{agent}");
        let stored = after.get(&slug);
        let connection = Connection {
            tenant_id: draft.change.tenant.id,
            id: stored.map_or_else(
                || ConnectionId::generate(draft.means.ids),
                |connection| connection.id,
            ),
            slug,
            channel: ChannelKind::web(),
            agent_id: *agent_id,
            settings: facts.web_settings.clone(),
            identity: None,
            enabled: true,
        };
        let action = if stored.is_some() { "connection.enabled" } else { "connection.created" };
        save(draft, action, &connection);
    }
}

fn save(draft: &mut Draft<'_>, action: &str, connection: &Connection) {
    draft.change.connections.push(connection.clone());
    let details = serde_json::json!({
        "connection": connection.id,
        "channel": connection.channel,
        "agent": connection.agent_id,
    });
    draft.record(action, &connection.slug, details);
}

fn printed(draft: &Draft<'_>, connection: &Connection) -> AppliedConnection {
    let hook_url =
        format!("{}/hooks/{}/{}", draft.means.public_url, connection.channel, connection.id);
    AppliedConnection {
        id: connection.id,
        hook_url: (connection.channel != ChannelKind::web()).then_some(hook_url),
    }
}
