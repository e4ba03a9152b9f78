//! Messages over our own API: which connection and session they belong to.

use super::door::Door;
use rookery_domain::channel::ChannelKind;
use rookery_domain::connection::Connection;
use rookery_domain::id::{AgentId, InboxId, SessionId, TenantId};
use rookery_domain::inbox::{Appended, NewInbound};
use rookery_domain::kill_point::{self, KillPoint};
use rookery_domain::message::WebMessage;
use rookery_domain::ports::{IngestError, StoreError, Submission, Submitted};

/// Longest name a caller may give a conversation, a person or a repeatable submission, in bytes.
const CALLER_NAME_BYTES_MAX: usize = 128;

/// Rows looked through for a session that was submitted to and not begun yet.
const UNDONE_ROWS_SEARCHED_MAX: u32 = 1_000;

impl Door {
    pub(super) async fn take_submission(
        &self,
        submission: Submission,
    ) -> Result<Submitted, IngestError> {
        check_names(&submission)?;
        let connection = self.pulled_connection(submission.tenant_id, submission.agent_id).await?;
        let key = self.conversation_key(&submission, &connection).await?;
        let tenant = submission.tenant_id;
        let id = InboxId::generate(self.shared.services.ids.as_ref());
        let dedupe_key = submission
            .idempotency_key
            .map_or_else(|| format!("r:{id}"), |given| format!("k:{given}"));
        let message = WebMessage {
            conversation_key: key,
            contact: submission.contact,
            text: submission.text,
            history: submission.history,
        };
        let raw = serde_json::to_vec(&message)
            .map_err(|error| IngestError::Invalid(format!("not storable: {error}")))?;
        kill_point::hit(KillPoint::K1Accepted);
        let permit = self
            .shared
            .lanes
            .admit(tenant, 1)
            .and_then(|mut permits| permits.pop())
            .ok_or_else(|| self.busy())?;
        let row = NewInbound {
            tenant_id: tenant,
            id,
            connection_id: connection.id,
            channel: connection.channel.clone(),
            dedupe_key,
            raw: raw.into(),
            received_at: self.shared.services.clock.now(),
        };
        let appended =
            self.store(row, permit).await.map_err(|error| self.refused_by_store(&error))?;
        match appended {
            Appended::Stored => Ok(Submitted {
                run_id: id,
                session_id: SessionId::derived(tenant, connection.id, &message.conversation_key),
                duplicate: false,
            }),
            Appended::Duplicate(first) => self.earlier(tenant, &connection, first, &message).await,
        }
    }

    /// What the first submission under the same key got, if it said the same.
    async fn earlier(
        &self,
        tenant: TenantId,
        connection: &Connection,
        first: InboxId,
        message: &WebMessage,
    ) -> Result<Submitted, IngestError> {
        let row = self
            .shared
            .services
            .inbox
            .find(tenant, first)
            .await
            .map_err(|error| self.refused_by_store(&error))?
            .ok_or(IngestError::Conflict)?;
        let stored: WebMessage = serde_json::from_slice(&row.inbound.raw)
            .map_err(|_unreadable| IngestError::Conflict)?;
        if stored.text != message.text || stored.contact != message.contact {
            return Err(IngestError::Conflict);
        }
        Ok(Submitted {
            run_id: first,
            session_id: SessionId::derived(tenant, connection.id, &stored.conversation_key),
            duplicate: true,
        })
    }

    /// The agent's connection for submissions: the one that belongs to the API before the widget's.
    async fn pulled_connection(
        &self,
        tenant: TenantId,
        agent: AgentId,
    ) -> Result<Connection, IngestError> {
        let connections = self
            .shared
            .services
            .directory
            .connections(tenant)
            .await
            .map_err(|error| self.refused_by_store(&error))?;
        connections
            .into_iter()
            .filter(|connection| {
                connection.agent_id == agent
                    && connection.enabled
                    && connection.channel == ChannelKind::web()
            })
            .min_by_key(|connection| connection.id)
            .ok_or(IngestError::UnknownAgent)
    }

    async fn conversation_key(
        &self,
        submission: &Submission,
        connection: &Connection,
    ) -> Result<String, IngestError> {
        let Some(named) = &submission.session else {
            let fresh = SessionId::from_uuid(self.shared.services.ids.uuid());
            return Ok(fresh.to_string());
        };
        let Ok(id) = named.parse::<SessionId>() else {
            return Ok(named.clone());
        };
        let known = self
            .known_session(connection, id)
            .await
            .map_err(|error| self.refused_by_store(&error))?;
        if let Some(key) = known {
            return Ok(key);
        }
        // A session exists from its first submission on, though its row is written with its first
        // turn: it may still be in the inbox, or have left it since we looked.
        let waiting = self
            .waiting_session(connection, id)
            .await
            .map_err(|error| self.refused_by_store(&error))?;
        if let Some(key) = waiting {
            return Ok(key);
        }
        self.known_session(connection, id)
            .await
            .map_err(|error| self.refused_by_store(&error))?
            .ok_or(IngestError::UnknownSession)
    }

    async fn known_session(
        &self,
        connection: &Connection,
        id: SessionId,
    ) -> Result<Option<String>, StoreError> {
        let session = self.shared.services.turns.session(connection.tenant_id, id).await?;
        Ok(session
            .filter(|session| session.connection_id == connection.id)
            .map(|session| session.conversation_key))
    }

    async fn waiting_session(
        &self,
        connection: &Connection,
        id: SessionId,
    ) -> Result<Option<String>, StoreError> {
        let tenant = connection.tenant_id;
        let rows =
            self.shared.services.inbox.undone(tenant, None, UNDONE_ROWS_SEARCHED_MAX).await?;
        Ok(rows
            .into_iter()
            .filter(|row| row.inbound.connection_id == connection.id)
            .filter_map(|row| serde_json::from_slice::<WebMessage>(&row.inbound.raw).ok())
            .map(|message| message.conversation_key)
            .find(|key| SessionId::derived(tenant, connection.id, key) == id))
    }
}

fn check_names(submission: &Submission) -> Result<(), IngestError> {
    let names = [
        ("session", &submission.session),
        ("contact", &submission.contact),
        ("idempotency key", &submission.idempotency_key),
    ];
    for (field, value) in names {
        if let Some(text) = value
            && (text.is_empty() || text.len() > CALLER_NAME_BYTES_MAX)
        {
            return Err(IngestError::Invalid(format!(
                "{field} must have 1 to {CALLER_NAME_BYTES_MAX} bytes"
            )));
        }
    }
    if submission.text.trim().is_empty() {
        return Err(IngestError::Invalid("text is empty".to_owned()));
    }
    if let Some(session) = &submission.session
        && session.starts_with("ses_")
        && session.parse::<SessionId>().is_err()
    {
        return Err(IngestError::UnknownSession);
    }
    Ok(())
}
