//! Where a session is, as an inbound event says; enough to write its row.

use crate::connections::Opened;
use rookery_domain::Timestamp;
use rookery_domain::id::{ContactId, SessionId, TenantId};
use rookery_domain::message::{ConversationKind, Inbound};
use rookery_domain::session::{Contact, Session};
use std::sync::Arc;

/// Who and where a session is; enough to write its row.
#[derive(Debug, Clone)]
pub(crate) struct SessionPlace {
    pub(crate) id: SessionId,
    pub(crate) tenant_id: TenantId,
    pub(crate) opened: Arc<Opened>,
    pub(crate) conversation_key: String,
    pub(crate) kind: ConversationKind,
    pub(crate) contact_id: Option<ContactId>,
}

impl SessionPlace {
    /// Of an inbound event.
    pub(crate) fn of(opened: &Arc<Opened>, inbound: &Inbound) -> Self {
        let tenant_id = opened.connection.tenant_id;
        let connection_id = opened.connection.id;
        let key = &inbound.conversation.key;
        let contact =
            ContactId::derived(tenant_id, connection_id, &inbound.sender.platform_user_id);
        Self {
            id: SessionId::derived(tenant_id, connection_id, key),
            tenant_id,
            opened: Arc::clone(opened),
            conversation_key: key.clone(),
            kind: inbound.conversation.kind,
            contact_id: (inbound.conversation.kind == ConversationKind::Direct).then_some(contact),
        }
    }

    /// Of a stored session.
    pub(crate) fn stored(opened: &Arc<Opened>, session: &Session) -> Self {
        Self {
            id: session.id,
            tenant_id: opened.connection.tenant_id,
            opened: Arc::clone(opened),
            conversation_key: session.conversation_key.clone(),
            kind: session.kind,
            contact_id: session.contact_id,
        }
    }

    /// The same conversation under another name.
    pub(crate) fn moved_to(&self, conversation_key: &str) -> Self {
        let connection_id = self.opened.connection.id;
        Self {
            id: SessionId::derived(self.tenant_id, connection_id, conversation_key),
            conversation_key: conversation_key.to_owned(),
            ..self.clone()
        }
    }

    /// The row as it should be, with the counter as it stands.
    pub(crate) fn row(&self, last_seq: i64, at: Timestamp) -> Session {
        Session {
            id: self.id,
            connection_id: self.opened.connection.id,
            agent_id: self.opened.connection.agent_id,
            conversation_key: self.conversation_key.clone(),
            kind: self.kind,
            contact_id: self.contact_id,
            last_seq,
            context_floor_seq: 0,
            last_active_at: at,
        }
    }

    /// The sender of an event of this session.
    pub(crate) fn contact(&self, inbound: &Inbound) -> Contact {
        let connection_id = self.opened.connection.id;
        let user = &inbound.sender.platform_user_id;
        Contact {
            id: ContactId::derived(self.tenant_id, connection_id, user),
            connection_id,
            platform_user_id: user.clone(),
            display_name: inbound.sender.display_name.clone(),
            locale: inbound.sender.locale.clone(),
        }
    }
}
