//! Web origins: which pages may open a socket here with what a browser knows.

use super::cookie::is_loopback;
use crate::frame::Problem;
use crate::state::AppState;
use http::{HeaderMap, header};
use rookery_domain::channel::ChannelKind;
use rookery_domain::connection::Connection;
use rookery_domain::id::{AgentId, TenantId};
use url::Url;

/// Where a page that calls us was loaded from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// From us.
    Own,
    /// From somewhere else: an agent may have allowed it.
    Foreign(String),
}

/// The origin of a request.
///
/// # Errors
/// 403 if there is none, several, or one that names no place (`null`, a file, an extension).
pub(crate) fn origin_of(headers: &HeaderMap, public_url: &Url) -> Result<Origin, Problem> {
    let mut values = headers.get_all(header::ORIGIN).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(refused("exactly one Origin header is needed"));
    };
    let origin = value
        .to_str()
        .ok()
        .and_then(normalised)
        .ok_or_else(|| refused("this origin names no web page"))?;
    let own = origin == public_url.origin().ascii_serialization()
        || loopback_of(headers).is_some_and(|local| local == origin);
    Ok(if own { Origin::Own } else { Origin::Foreign(origin) })
}

/// Whether one of the agent's own connections lists an origin.
pub(crate) async fn agent_allows(
    state: &AppState,
    tenant: TenantId,
    agent: AgentId,
    origin: &str,
) -> Result<bool, Problem> {
    let connections = state.ports.directory.connections(tenant).await?;
    Ok(connections
        .iter()
        .filter(|connection| connection.agent_id == agent)
        .any(|connection| allowed_origins(connection).any(|allowed| allowed == origin)))
}

/// The origins that a connection's settings list; none unless it is an enabled web connection.
pub(super) fn allowed_origins(connection: &Connection) -> impl Iterator<Item = String> {
    let serves = connection.enabled && connection.channel == ChannelKind::web();
    connection
        .settings
        .get("allowed_origins")
        .and_then(serde_json::Value::as_array)
        .into_iter()
        .flatten()
        .filter(move |_| serves)
        .filter_map(serde_json::Value::as_str)
        .filter_map(normalised)
}

pub(super) fn refused(detail: &str) -> Problem {
    Problem::forbidden(detail).coded("origin_not_allowed")
}

/// Scheme, host and port of a web origin, in one spelling; `None` for anything else.
fn normalised(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let bare = matches!(url.path(), "" | "/")
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    (bare && matches!(url.scheme(), "http" | "https")).then(|| url.origin().ascii_serialization())
}

/// The origin of a page that was loaded over loopback from this very listener. Another host name
/// that resolves to loopback (DNS rebinding) is not it.
fn loopback_of(headers: &HeaderMap) -> Option<String> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let url = Url::parse(&format!("http://{host}")).ok()?;
    let local = url.host().is_some_and(|host| is_loopback(&host));
    (local && matches!(url.path(), "" | "/")).then(|| url.origin().ascii_serialization())
}
