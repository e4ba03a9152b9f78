//! Access that lasts longer than one request: it is looked at again while it is used, so that a
//! revoked key ends its open sockets and streams too.

use super::caller::{Caller, authenticate, find};
use super::peer::Peer;
use super::sign_in::SignIn;
use crate::frame::Problem;
use crate::state::AppState;
use rookery_domain::Secret;
use rookery_domain::api_key::Scope;
use rookery_domain::id::TenantId;
use std::time::Duration;
use tokio::time::Instant;

/// How old the last look may be.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// The right to talk to a tenant's agents.
#[derive(Debug)]
pub(crate) struct Access {
    /// Whose agents.
    pub(crate) tenant: TenantId,
    proof: Proof,
    looked_at: Instant,
}

#[derive(Debug)]
enum Proof {
    Key(Secret),
    SignIn(SignIn),
}

impl Access {
    /// By the text of an API key.
    ///
    /// # Errors
    /// As [`authenticate`], and 403 without the scope `chat`.
    pub(crate) async fn by_key(state: &AppState, peer: Peer, text: &str) -> Result<Self, Problem> {
        let key = authenticate(state, peer, text).await?;
        if !key.allows(Scope::Chat) {
            return Err(Problem::forbidden("this key needs the scope chat"));
        }
        Ok(Self::new(key.tenant_id, Proof::Key(Secret::new(text))))
    }

    /// By a sign-in that was checked just now.
    pub(crate) fn by_sign_in(sign_in: SignIn) -> Self {
        Self::new(sign_in.tenant, Proof::SignIn(sign_in))
    }

    /// By a caller whose scopes were checked just now.
    pub(crate) fn by_caller(caller: Caller) -> Self {
        Self::new(caller.tenant, Proof::Key(caller.into_text()))
    }

    fn new(tenant: TenantId, proof: Proof) -> Self {
        Self { tenant, proof, looked_at: Instant::now() }
    }

    /// Whether it still holds. A store that cannot be reached takes nothing away that was given.
    pub(crate) async fn still_holds(&mut self, state: &AppState) -> bool {
        if self.looked_at.elapsed() < LOOK_AGAIN_AFTER {
            return true;
        }
        let holds = match &self.proof {
            Proof::Key(text) => match find(state, text.expose()).await {
                Ok(key) => key.is_some_and(|key| key.tenant_id == self.tenant),
                Err(problem) => {
                    tracing::debug!(code = problem.code(), "access not looked at again");
                    return true;
                }
            },
            Proof::SignIn(sign_in) => {
                state.memory.sign_ins.is_good(sign_in, state.ports.clock.now()).await
            }
        };
        if holds {
            self.looked_at = Instant::now();
        }
        holds
    }
}
