//! `GET /chat/{agent}`: the chat page, or the door in front of it.

use super::document::{notice, page};
use crate::auth::sign_in_of;
use crate::frame::Problem;
use crate::state::AppState;
use crate::submission::find_agent;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};
use serde::Deserialize;

/// Longest agent name that can be meant.
const NAME_BYTES_MAX: usize = 63;

/// What somebody could say first.
const EXAMPLES: [&str; 3] = ["What can you help me with?", "What time is it in Tokyo?", "/help"];

/// A one-time link carries its token here.
#[derive(Debug, Deserialize)]
pub(crate) struct Arrival {
    token: Option<String>,
}

/// The page. It needs no sign-in to be seen: without one it asks for an API key and keeps it in
/// the tab.
pub(crate) async fn chat(
    State(state): State<AppState>,
    Path(agent): Path<String>,
    arrival: Result<Query<Arrival>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let assets = &state.memory.assets;
    if !is_agent_name(&agent) {
        return Ok(no_such_agent(&state));
    }
    if let Ok(Query(Arrival { token: Some(token) })) = arrival {
        return Ok(page(assets, StatusCode::OK, "Sign in", &door(&agent, &token)));
    }
    let sign_in = sign_in_of(&state, &headers).await;
    let name = match sign_in {
        None => agent.clone(),
        Some(sign_in) => match find_agent(&state, sign_in.tenant, &agent).await {
            Ok(found) => found.profile.name,
            Err(problem) if problem.is_not_found() => return Ok(no_such_agent(&state)),
            Err(problem) => return Err(problem),
        },
    };
    let body = room(&agent, &name, sign_in.is_some());
    Ok(page(assets, StatusCode::OK, &name, &body))
}

pub(super) fn is_agent_name(name: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte))
}

pub(super) fn no_such_agent(state: &AppState) -> Response {
    notice(
        &state.memory.assets,
        StatusCode::NOT_FOUND,
        "No such agent",
        "There is no agent of this name here. Check the address.",
    )
}

/// Programs that fetch links to preview them must not use the token up: it goes out with a POST
/// that the script makes at once and a person can make too.
fn door(agent: &str, token: &str) -> Markup {
    html! {
        main.sheet {
            h1 { "Sign in" }
            form #sign-in method="post" action={ "/chat/" (agent) "/sign-in" } {
                input type="hidden" name="token" value=(token);
                p { "This link works once." }
                button type="submit" { "Continue to the chat" }
            }
        }
    }
}

fn room(agent: &str, name: &str, signed_in: bool) -> Markup {
    html! {
        div #chat data-agent=(agent) data-signed-in=(signed_in) {
            header {
                h1 { (name) }
                span #status.pill role="status" { "Connecting…" }
                button #retry type="button" hidden { "Retry now" }
                button #fresh type="button" { "New chat" }
                @if signed_in {
                    form method="post" action={ "/chat/" (agent) "/sign-out" } {
                        button type="submit" { "Sign out" }
                    }
                }
            }
            noscript { p.notice { "This page needs JavaScript." } }
            form #key-form hidden {
                label for="key" { "API key with the scope " code { "chat" } }
                input #key type="password" autocomplete="off" required;
                button type="submit" { "Connect" }
                p { "It stays in this tab. A sign-in link needs no key." }
            }
            p #notice.notice role="alert" hidden {}
            main #log role="log" aria-live="polite" aria-label="Conversation" tabindex="0" {
                section #empty {
                    p { "Say something, or start with one of these:" }
                    @for example in EXAMPLES {
                        button.example type="button" { (example) }
                    }
                }
            }
            form #composer {
                label.visually-hidden for="text" { "Message" }
                textarea #text rows="1" maxlength="16000" autofocus placeholder="Message"
                    title="Enter sends, Shift+Enter makes a new line" {}
                button type="submit" { "Send" }
            }
        }
    }
}
