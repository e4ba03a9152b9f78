//! Values that tests start from, each valid on its own.

use crate::agent::{AgentProfile, GroupActivation, WhileBusy};
use crate::channel::ChannelKind;
use crate::id::{ConnectionId, InboxId, SessionId, TenantId};
use crate::inbox::NewInbound;
use crate::message::ConversationKind;
use crate::session::Session;
use crate::tenant::{Tenant, TenantLimits};
use crate::time::Timestamp;

/// A tenant with a slug and no limits.
pub fn tenant(id: TenantId, slug: &str) -> Tenant {
    Tenant {
        id,
        slug: slug.to_owned(),
        name: slug.to_owned(),
        plan: "free".to_owned(),
        limits: TenantLimits::default(),
        version: 0,
    }
}

/// A profile without tools.
pub fn profile(name: &str) -> AgentProfile {
    AgentProfile {
        name: name.to_owned(),
        instructions: "Answer in one sentence.".to_owned(),
        tools: Vec::new(),
        while_busy: WhileBusy::Queue,
        roles: std::collections::BTreeMap::new(),
        on_ambiguous: None,
        group_activation: GroupActivation::Mention,
    }
}

/// An inbound row of the web channel.
pub fn inbound(tenant: TenantId, connection: ConnectionId, id: InboxId, key: &str) -> NewInbound {
    NewInbound {
        tenant_id: tenant,
        id,
        connection_id: connection,
        channel: ChannelKind::web(),
        dedupe_key: key.to_owned(),
        raw: bytes::Bytes::from_static(b"{}"),
        received_at: Timestamp::from_millis(1_700_000_000_000),
    }
}

/// A direct session in which nothing was said.
pub fn session(
    tenant: TenantId,
    connection: ConnectionId,
    agent: crate::id::AgentId,
    key: &str,
) -> Session {
    Session {
        id: SessionId::derived(tenant, connection, key),
        connection_id: connection,
        agent_id: agent,
        conversation_key: key.to_owned(),
        kind: ConversationKind::Direct,
        contact_id: None,
        last_seq: 0,
        context_floor_seq: 0,
        last_active_at: Timestamp::from_millis(1_700_000_000_000),
    }
}
