//! A configured assistant and its revisions.

use crate::id::{AgentId, RevisionId, TenantId};
use crate::model::{ModelRef, ModelRole};
use std::collections::BTreeMap;

/// An agent with its published revision.
#[derive(Debug, Clone, PartialEq)]
pub struct Agent {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Its id.
    pub id: AgentId,
    /// Unique within the tenant, `[a-z0-9-]{1,63}`.
    pub slug: String,
    /// The published revision.
    pub revision_id: RevisionId,
    /// Counts up from 1 with every published change.
    pub revision: i64,
    /// What the revision says.
    pub profile: AgentProfile,
}

/// The content of a revision: everything an agent is.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct AgentProfile {
    /// For people.
    pub name: String,
    /// The system prompt, verbatim.
    #[serde(default)]
    pub instructions: String,
    /// Exact tool names the agent may use.
    #[serde(default)]
    pub tools: Vec<String>,
    /// What happens to messages that arrive while a turn runs.
    #[serde(default)]
    pub while_busy: WhileBusy,
    /// Model routes that replace the runtime's, by role.
    #[serde(default)]
    pub roles: BTreeMap<ModelRole, Vec<ModelRef>>,
    /// What happens to a send whose outcome is unknown; absent: the runtime's default.
    #[serde(default)]
    pub on_ambiguous: Option<OnAmbiguous>,
    /// Whether the agent answers everything in a group or only what is addressed to it.
    #[serde(default)]
    pub group_activation: GroupActivation,
}

/// Admission policy while a turn of the session runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WhileBusy {
    /// One turn after the other, in order.
    #[default]
    Queue,
    /// Messages within the debounce window become one turn.
    Debounce,
    /// A new message cancels the running turn and is answered together with it.
    Interrupt,
}

/// Policy for a send whose outcome is unknown on a platform without idempotency keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnAmbiguous {
    /// Send again: never silent, at the price of a possible repeat.
    #[default]
    Resend,
    /// Do not send again: never a repeat, at the price of a possible silence.
    StaySilent,
}

/// When an agent speaks in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GroupActivation {
    /// Only when mentioned, replied to or commanded; the rest is context.
    #[default]
    Mention,
    /// On every message.
    Always,
}
