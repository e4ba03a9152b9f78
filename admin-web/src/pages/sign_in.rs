//! `POST /chat/{agent}/sign-in` and `/sign-out`.

use super::chat::{is_agent_name, no_such_agent};
use super::document::notice;
use crate::auth::{Origin, Peer, expired_cookie, origin_of, sign_in_cookie, sign_in_of};
use crate::frame::{Problem, read_body};
use crate::state::AppState;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use rookery_domain::api_key::Scope;
use rookery_domain::{ErrorKind, Secret};
use url::form_urlencoded;

/// A form with one field in it.
const FORM_BYTES_MAX: usize = 2 * 1024;

/// Redeems a one-time link.
pub(crate) async fn sign_in(
    State(state): State<AppState>,
    peer: Peer,
    Path(agent): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    if !is_agent_name(&agent) {
        return Ok(no_such_agent(&state));
    }
    let (parts, body) = request.into_parts();
    from_our_own_page(&state, &parts.headers)?;
    let timeout = state.settings.body_read_timeout;
    let form = read_body(&parts.headers, body, FORM_BYTES_MAX, timeout).await?;
    let token = form_urlencoded::parse(&form)
        .find(|(name, _)| name == "token")
        .map_or_else(|| Secret::new(""), |(_, value)| Secret::new(value.into_owned()));
    state.memory.throttle.admit(peer, token.expose()).await?;
    let now = state.ports.clock.now();
    let key =
        if token.is_empty() { None } else { state.ports.api_keys.redeem(&token, now).await? };
    let Some(key) = key.filter(|key| key.allows(Scope::Chat)) else {
        state.memory.throttle.failed(peer).await;
        metrics::counter!("rookery_auth_failures_total").increment(1);
        return Ok(notice(
            &state.memory.assets,
            StatusCode::UNAUTHORIZED,
            "This link is used up",
            "A sign-in link works once and for a limited time. Ask for a new one: every start of \
             the server prints one.",
        ));
    };
    let statement = state.memory.sign_ins.issue(key.tenant_id, state.ports.ids.uuid(), now);
    back_to_chat(&agent, sign_in_cookie(&state, &statement))
}

/// Ends a sign-in, also for whoever kept a copy of the cookie.
pub(crate) async fn sign_out(
    State(state): State<AppState>,
    Path(agent): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if !is_agent_name(&agent) {
        return Ok(no_such_agent(&state));
    }
    from_our_own_page(&state, &headers)?;
    if let Some(sign_in) = sign_in_of(&state, &headers).await {
        state.memory.sign_ins.end(&sign_in, state.ports.clock.now()).await;
    }
    back_to_chat(&agent, expired_cookie(&state))
}

/// Browsers name the origin of every form they send; programs that are none need not.
fn from_our_own_page(state: &AppState, headers: &HeaderMap) -> Result<(), Problem> {
    if !headers.contains_key(header::ORIGIN) {
        return Ok(());
    }
    match origin_of(headers, &state.settings.public_url)? {
        Origin::Own => Ok(()),
        Origin::Foreign(_) => {
            Err(Problem::forbidden("this form belongs to another site").coded("origin_not_allowed"))
        }
    }
}

fn back_to_chat(agent: &str, cookie: Option<HeaderValue>) -> Result<Response, Problem> {
    let cookie =
        cookie.ok_or_else(|| Problem::new(ErrorKind::Internal, "the cookie was not made"))?;
    let headers = [
        (
            header::LOCATION,
            HeaderValue::from_str(&format!("/chat/{agent}"))
                .map_err(|error| Problem::not_found("agent").caused_by(&error))?,
        ),
        (header::SET_COOKIE, cookie),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}
