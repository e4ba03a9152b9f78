//! The one door through which everything inbound goes: store, then acknowledge, then wake.

use crate::channel::ChannelKind;
use crate::error::ErrorKind;
use crate::id::{AgentId, ConnectionId, InboxId, SessionId, TenantId};
use crate::model::ModelMessage;
use crate::ports::channel::RawRequest;
use async_trait::async_trait;
use std::time::Duration;

/// A message submitted over our own API, WebSocket or OpenAI-compatible endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Submission {
    /// Whose key it came with.
    pub tenant_id: TenantId,
    /// To which agent.
    pub agent_id: AgentId,
    /// An earlier `ses_…` of this agent, the caller's own name for the conversation (at most 128
    /// bytes), or nothing for a new one.
    pub session: Option<String>,
    /// The caller's own name for the person.
    pub contact: Option<String>,
    /// What was said.
    pub text: String,
    /// Makes a repeat harmless; at most 128 bytes. Absent: every submission is new.
    pub idempotency_key: Option<String>,
    /// The caller's own history, without `text`; the session is used for this one turn.
    pub history: Option<Vec<ModelMessage>>,
}

/// What became of a submission. It is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Submitted {
    /// The run.
    pub run_id: InboxId,
    /// Its session.
    pub session_id: SessionId,
    /// The same submission was made before; this is what it got.
    pub duplicate: bool,
}

/// Why something inbound was not taken. Nothing was stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IngestError {
    /// Not authentic.
    #[error("the request is not authentic")]
    Unauthorized,
    /// No such connection, or it belongs to another platform or is disabled.
    #[error("no such connection")]
    UnknownConnection,
    /// No such session within the tenant and agent.
    #[error("no such session")]
    UnknownSession,
    /// No such agent within the tenant.
    #[error("no such agent")]
    UnknownAgent,
    /// The tenant's lane is full.
    #[error("too much is waiting for this tenant")]
    Busy {
        /// When to come back.
        retry_after: Duration,
    },
    /// The store cannot be reached.
    #[error("the store is unavailable")]
    Unavailable {
        /// When to come back.
        retry_after: Duration,
    },
    /// The idempotency key was used for something else.
    #[error("this idempotency key was used for another message")]
    Conflict,
    /// A field is wrong.
    #[error("{0}")]
    Invalid(String),
}

impl IngestError {
    /// Its kind.
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Unauthorized => ErrorKind::Unauthorized,
            Self::UnknownConnection | Self::UnknownSession | Self::UnknownAgent => {
                ErrorKind::NotFound
            }
            Self::Busy { .. } | Self::Unavailable { .. } => ErrorKind::Unavailable,
            Self::Conflict => ErrorKind::Conflict,
            Self::Invalid(_) => ErrorKind::Invalid,
        }
    }
}

/// The door.
#[async_trait]
pub trait Ingestion: Send + Sync + std::fmt::Debug {
    /// Takes a platform's delivery. `Ok` means: everything in it is durable.
    async fn hook(
        &self,
        channel: &ChannelKind,
        connection: ConnectionId,
        request: RawRequest,
    ) -> Result<(), IngestError>;

    /// Takes a submission. `Ok` means: it is durable.
    async fn submit(&self, submission: Submission) -> Result<Submitted, IngestError>;
}
