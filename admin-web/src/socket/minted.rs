//! Sessions that were handed out and in which nothing has been said yet: no store knows them, and
//! their client may still come back to them.

use rookery_domain::id::{AgentId, SessionId, TenantId};
use std::collections::VecDeque;
use tokio::sync::Mutex;

/// Sessions that are remembered; beyond it the oldest is forgotten, and its client starts anew.
const SESSIONS_MAX: usize = 4_096;

/// The newest unused sessions of this process.
#[derive(Debug, Default)]
pub(crate) struct MintedSessions(Mutex<VecDeque<Minted>>);

#[derive(Debug)]
struct Minted {
    tenant: TenantId,
    agent: AgentId,
    session: SessionId,
    key: String,
}

impl MintedSessions {
    pub(super) async fn remember(
        &self,
        (tenant, agent): (TenantId, AgentId),
        session: SessionId,
        key: &str,
    ) {
        let mut minted = self.0.lock().await;
        if minted.len() >= SESSIONS_MAX {
            minted.pop_front();
        }
        minted.push_back(Minted { tenant, agent, session, key: key.to_owned() });
    }

    /// The conversation key of a session, if it was handed out to this tenant for this agent.
    pub(super) async fn key_of(
        &self,
        (tenant, agent): (TenantId, AgentId),
        session: SessionId,
    ) -> Option<String> {
        let minted = self.0.lock().await;
        minted
            .iter()
            .find(|known| {
                known.session == session && known.tenant == tenant && known.agent == agent
            })
            .map(|known| known.key.clone())
    }
}
