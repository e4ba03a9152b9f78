//! From the first frame to a conversation: who it is, with whom, and where they were.

use super::protocol::{ClientFrame, Hello};
use crate::auth::{Access, Origin, Peer, SignIn, agent_allows};
use crate::feed::{connection_of, session_of, web_message};
use crate::frame::Problem;
use crate::state::AppState;
use crate::submission::{find_agent, has_nul};
use rookery_domain::agent::Agent;
use rookery_domain::connection::Connection;
use rookery_domain::id::{SessionId, TenantId};
use rookery_domain::live::durable_seq;
use serde_json::Value;

/// Longest name of a conversation, in bytes.
const NAME_BYTES_MAX: usize = 128;

/// Waiting rows that are looked through for a session that no turn has begun in yet.
const WAITING_ROWS_MAX: u32 = 1_000;

/// What is known of a client before it has said anything.
#[derive(Debug)]
pub(super) struct Visitor {
    pub(super) peer: Peer,
    pub(super) origin: Origin,
    /// Only ever set where the page is our own.
    pub(super) sign_in: Option<SignIn>,
    pub(super) agent: String,
}

/// What is known of it afterwards.
#[derive(Debug)]
pub(super) struct Greeted {
    pub(super) access: Access,
    pub(super) agent: Agent,
    pub(super) place: Place,
}

/// A conversation, and a number in it.
#[derive(Debug)]
pub(super) struct Place {
    /// What ingestion calls it.
    pub(super) key: String,
    pub(super) session: SessionId,
    /// Events after this one are news to the client.
    pub(super) after: i64,
    /// The client said so itself, so it may have missed the end of what it saw.
    pub(super) resumed: bool,
}

/// Lets a client in.
pub(super) async fn greet(
    state: &AppState,
    visitor: Visitor,
    frame: &str,
) -> Result<Greeted, Problem> {
    let Ok(ClientFrame::Hello(hello)) = serde_json::from_str(frame) else {
        return Err(Problem::invalid("the first frame must be a hello"));
    };
    let access = access_of(state, &visitor, &hello.token).await?;
    let agent = find_agent(state, access.tenant, &visitor.agent).await?;
    if let Origin::Foreign(origin) = &visitor.origin
        && !agent_allows(state, access.tenant, agent.id, origin).await?
    {
        return Err(
            Problem::forbidden("this agent does not allow this origin").coded("origin_not_allowed")
        );
    }
    let place = place_of(state, access.tenant, &agent, hello).await?;
    Ok(Greeted { access, agent, place })
}

async fn access_of(state: &AppState, visitor: &Visitor, token: &Value) -> Result<Access, Problem> {
    let text = match token {
        Value::String(text) => text.as_str(),
        // A token of another type counts as a failed guess like any other wrong one.
        _ => "",
    };
    let absent = token.is_null() || token == "";
    match visitor.sign_in {
        Some(sign_in) if absent => Ok(Access::by_sign_in(sign_in)),
        _ => Access::by_key(state, visitor.peer, text).await,
    }
}

async fn place_of(
    state: &AppState,
    tenant: TenantId,
    agent: &Agent,
    hello: Hello,
) -> Result<Place, Problem> {
    if hello.after.is_some_and(|after| after < 0) {
        return Err(Problem::invalid("after is the seq of an event"));
    }
    let connections = state.ports.directory.connections(tenant).await?;
    let connection =
        connection_of(connections, agent.id).ok_or_else(|| Problem::not_found("agent"))?;
    let (key, session) = match hello.session {
        None => fresh(state, tenant, agent, &connection).await,
        Some(name) if name.starts_with("ses_") => {
            let unknown = || Problem::not_found("session");
            let session: SessionId = name.parse().map_err(|_not_an_id| unknown())?;
            let key = key_of(state, tenant, agent, session).await?.ok_or_else(unknown)?;
            (key, session)
        }
        Some(name) => {
            if name.is_empty() || name.len() > NAME_BYTES_MAX || has_nul(&name) {
                return Err(Problem::invalid(format!(
                    "session must have 1 to {NAME_BYTES_MAX} bytes"
                )));
            }
            let session = SessionId::derived(tenant, connection.id, &name);
            (name, session)
        }
    };
    let after = match hello.after {
        Some(after) => after,
        None => end_of(state, tenant, session).await?,
    };
    Ok(Place { key, session, after, resumed: hello.after.is_some() })
}

async fn fresh(
    state: &AppState,
    tenant: TenantId,
    agent: &Agent,
    connection: &Connection,
) -> (String, SessionId) {
    let key = format!("ws-{}", state.ports.ids.uuid().simple());
    let session = SessionId::derived(tenant, connection.id, &key);
    state.memory.minted.remember((tenant, agent.id), session, &key).await;
    (key, session)
}

/// The conversation key of a session of this agent: from the store, from what waits in the inbox,
/// or from what this process handed out. A session of anybody else is not found, which is also
/// what keeps its live events from being watched.
async fn key_of(
    state: &AppState,
    tenant: TenantId,
    agent: &Agent,
    session: SessionId,
) -> Result<Option<String>, Problem> {
    if let Some(stored) = state.ports.turns.session(tenant, session).await? {
        return Ok((stored.agent_id == agent.id).then_some(stored.conversation_key));
    }
    if let Some(key) = state.memory.minted.key_of((tenant, agent.id), session).await {
        return Ok(Some(key));
    }
    let connections = state.ports.directory.connections(tenant).await?;
    let waiting = state.ports.inbox.undone(tenant, None, WAITING_ROWS_MAX).await?;
    let key = waiting
        .iter()
        .filter(|row| {
            connections.iter().any(|connection| {
                connection.id == row.inbound.connection_id && connection.agent_id == agent.id
            })
        })
        .find(|row| session_of(row) == Some(session))
        .and_then(web_message)
        .map(|message| message.conversation_key);
    if key.is_some() {
        return Ok(key);
    }
    // Its first turn may have begun since the first look.
    let stored = state.ports.turns.session(tenant, session).await?;
    Ok(stored.filter(|stored| stored.agent_id == agent.id).map(|stored| stored.conversation_key))
}

/// Without a number the client wants what comes, not what was.
async fn end_of(state: &AppState, tenant: TenantId, session: SessionId) -> Result<i64, Problem> {
    let stored = state.ports.turns.session(tenant, session).await?;
    Ok(stored.map_or(0, |session| durable_seq(session.last_seq)))
}
