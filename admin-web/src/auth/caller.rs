//! API keys in the `Authorization` header.

use super::peer::Peer;
use crate::frame::Problem;
use crate::state::AppState;
use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, header};
use rookery_domain::Secret;
use rookery_domain::api_key::{ApiKey, Scope};
use rookery_domain::id::TenantId;

/// Longest key text that is looked up.
const KEY_BYTES_MAX: usize = 512;

/// Who calls the API, as the store knows them.
#[derive(Debug)]
pub(crate) struct Caller {
    /// Whose data the request may see; nothing in the request can change it.
    pub(crate) tenant: TenantId,
    key: ApiKey,
    text: Secret,
}

impl Caller {
    /// Refuses a caller whose key lacks all of these scopes.
    pub(crate) fn require(&self, any_of: &[Scope]) -> Result<(), Problem> {
        if any_of.iter().any(|scope| self.key.allows(*scope)) {
            return Ok(());
        }
        let names: Vec<_> = any_of.iter().map(|scope| scope.as_str()).collect();
        Err(Problem::forbidden(format!("this key needs the scope {}", names.join(" or "))))
    }

    pub(crate) fn into_text(self) -> Secret {
        self.text
    }
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let Ok(peer) = Peer::from_request_parts(parts, state).await;
        let text = bearer(&parts.headers)?;
        let key = authenticate(state, peer, text).await?;
        Ok(Self { tenant: key.tenant_id, key, text: Secret::new(text) })
    }
}

/// The key with this text. One-time keys are for signing in and open nothing here.
///
/// # Errors
/// 401 for every text that is no valid key, 429 after too many of them, 503 without a store.
pub(crate) async fn authenticate(
    state: &AppState,
    peer: Peer,
    text: &str,
) -> Result<ApiKey, Problem> {
    state.memory.throttle.admit(peer, text).await?;
    if let Some(key) = find(state, text).await? {
        state.memory.throttle.succeeded(text).await;
        return Ok(key);
    }
    state.memory.throttle.failed(peer).await;
    metrics::counter!("rookery_auth_failures_total").increment(1);
    Err(Problem::unauthorized("this is not a valid API key"))
}

pub(super) async fn find(state: &AppState, text: &str) -> Result<Option<ApiKey>, Problem> {
    if text.is_empty() || text.len() > KEY_BYTES_MAX {
        return Ok(None);
    }
    let key = state.ports.directory.api_key(&Secret::new(text)).await?;
    let now = state.ports.clock.now();
    Ok(key.filter(|key| {
        !key.one_time && key.revoked_at.is_none() && key.expires_at.is_none_or(|end| now < end)
    }))
}

fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(Problem::unauthorized("send one header `Authorization: Bearer <API key>`"));
    };
    value
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or_else(|| Problem::unauthorized("the Authorization header is not a bearer token"))
}
