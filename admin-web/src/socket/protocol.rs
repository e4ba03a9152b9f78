//! The frames besides the events.

use crate::frame::Problem;
use rookery_domain::id::{InboxId, SessionId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Longest name a client may give a message, in bytes.
pub(super) const CLIENT_ID_BYTES_MAX: usize = 64;

/// What a client says. Fields that we do not know are nothing to us: a client that declares its
/// own scopes gets those of its key.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum ClientFrame {
    /// Who it is and where it was.
    Hello(Hello),
    /// Something to the agent.
    Message(ClientMessage),
}

/// The first frame. Loosely typed, so that a token of the wrong type is a wrong token.
#[derive(Debug, Deserialize)]
pub(super) struct Hello {
    #[serde(default)]
    pub(super) token: Value,
    #[serde(default)]
    pub(super) session: Option<String>,
    #[serde(default)]
    pub(super) after: Option<i64>,
}

/// A message; the same `client_id` in the same session is the same message.
#[derive(Debug, Deserialize)]
pub(super) struct ClientMessage {
    pub(super) client_id: String,
    pub(super) text: String,
}

impl ClientMessage {
    pub(super) fn check(&self) -> Result<(), Problem> {
        let fits = (1..=CLIENT_ID_BYTES_MAX).contains(&self.client_id.len());
        if fits && self.client_id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(());
        }
        Err(Problem::invalid(format!(
            "client_id must have 1 to {CLIENT_ID_BYTES_MAX} visible ASCII characters"
        )))
    }
}

/// What the server says besides events.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum ServerFrame<'a> {
    /// The client is in; events follow after `seq`.
    Hello { session_id: SessionId, seq: i64, agent: AgentCard<'a> },
    /// The message is durable.
    Accepted { client_id: &'a str, run_id: InboxId },
    /// The frame was not taken.
    Error {
        seq: i64,
        #[serde(skip_serializing_if = "Option::is_none")]
        client_id: Option<&'a str>,
        code: &'a str,
        text: &'a str,
        /// The same frame may be taken later.
        retryable: bool,
    },
}

/// Who answers.
#[derive(Debug, Serialize)]
pub(super) struct AgentCard<'a> {
    pub(super) slug: &'a str,
    pub(super) name: &'a str,
}

impl<'a> ServerFrame<'a> {
    pub(super) fn refusal(problem: &'a Problem, seq: i64, client_id: Option<&'a str>) -> Self {
        Self::Error {
            seq,
            client_id,
            code: problem.code(),
            text: problem.detail(),
            retryable: problem.is_transient(),
        }
    }
}
