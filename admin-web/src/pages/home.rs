//! `GET /`.

use super::document::page;
use crate::auth::sign_in_of;
use crate::frame::Problem;
use crate::state::AppState;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use maud::html;

/// Says what this is and where to go.
pub(crate) async fn home(
    State(state): State<AppState>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut agents = match sign_in_of(&state, &headers).await {
        Some(sign_in) => state.ports.directory.agents(sign_in.tenant).await?,
        None => Vec::new(),
    };
    agents.sort_by(|left, right| left.slug.cmp(&right.slug));
    let body = html! {
        main.sheet {
            h1 { "Rookery" }
            p {
                "One binary that runs chat bots for many tenants, and does not lose a message. "
                "This is the HTTP side of it."
            }
            h2 { "Talk to an agent" }
            @if agents.is_empty() {
                p {
                    "Open the sign-in link that " code { "rookery serve" } " printed, or go to "
                    code { "/chat/<agent>" } " and enter an API key."
                }
            } @else {
                ul {
                    @for agent in &agents {
                        li {
                            a href={ "/chat/" (agent.slug) } { (agent.profile.name) }
                            " (" code { (agent.slug) } ")"
                        }
                    }
                }
            }
            h2 { "Build on it" }
            p {
                a href="/docs" { "The HTTP API" } " ("
                a href="/openapi.json" { "OpenAPI" } "). Clients made for OpenAI work with "
                code { "/v1" } " as their base URL and an agent as the model."
            }
        }
    };
    Ok(page(&state.memory.assets, StatusCode::OK, "Rookery", &body))
}
