//! Messages on their way into ingestion, whichever door of ours they came through.

use crate::frame::Problem;
use crate::state::AppState;
use rookery_domain::agent::Agent;
use rookery_domain::id::{AgentId, TenantId};
use rookery_domain::model::ModelMessage;
use rookery_domain::ports::{Submission, Submitted};

/// The agent with this id or slug within a tenant.
///
/// # Errors
/// 404 if there is none: another tenant's agent is no agent here.
pub(crate) async fn find_agent(
    state: &AppState,
    tenant: TenantId,
    name: &str,
) -> Result<Agent, Problem> {
    let found = if let Ok(id) = name.parse::<AgentId>() {
        state.ports.directory.agent(tenant, id).await?
    } else {
        let agents = state.ports.directory.agents(tenant).await?;
        agents.into_iter().find(|agent| agent.slug == name)
    };
    found.ok_or_else(|| Problem::not_found("agent"))
}

/// Hands a message to ingestion. When this returns, it is durable.
///
/// # Errors
/// 400 for texts that no store can keep, and what ingestion says.
pub(crate) async fn submit(state: &AppState, submission: Submission) -> Result<Submitted, Problem> {
    let texts = [Some(&submission.text), submission.session.as_ref(), submission.contact.as_ref()];
    let history = submission.history.iter().flatten().map(text_of);
    if texts.into_iter().flatten().map(String::as_str).chain(history).any(has_nul) {
        return Err(Problem::invalid("texts must not contain U+0000"));
    }
    Ok(state.ports.ingestion.submit(submission).await?)
}

/// PostgreSQL keeps no NUL in a text, so one that got in would fail its turn for ever.
pub(crate) fn has_nul(text: &str) -> bool {
    text.contains('\0')
}

/// What a message of a history says.
pub(crate) fn text_of(message: &ModelMessage) -> &str {
    match message {
        ModelMessage::System { text }
        | ModelMessage::User { text }
        | ModelMessage::Assistant { text, .. } => text,
        ModelMessage::Tool { content, .. } => content,
    }
}
