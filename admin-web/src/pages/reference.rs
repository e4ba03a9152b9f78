//! `GET /docs`: the table of endpoints for people.

use super::document::page;
use crate::router::{Guard, endpoints};
use crate::state::AppState;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use maud::html;

/// The page.
pub(crate) async fn reference(State(state): State<AppState>) -> Response {
    let body = html! {
        main.sheet {
            h1 { "The HTTP API" }
            p {
                "Errors are problem documents (RFC 9457) with a stable " code { "code" }
                "; under " code { "/v1" } " they have OpenAI's shape. A POST may carry an "
                code { "Idempotency-Key" } ". For programs: "
                a href="/openapi.json" { "openapi.json" } "."
            }
            table {
                thead { tr { th { "Call" } th { "What" } th { "With" } } }
                tbody {
                    @for endpoint in endpoints().iter().filter(|endpoint| endpoint.documented) {
                        tr {
                            td { code { (endpoint.method.to_uppercase()) " " (endpoint.path) } }
                            td { (endpoint.summary) }
                            td { (credential(endpoint.guard)) }
                        }
                    }
                }
            }
        }
    };
    page(&state.memory.assets, StatusCode::OK, "The HTTP API", &body)
}

const fn credential(guard: Guard) -> &'static str {
    match guard {
        Guard::Open => "nothing",
        Guard::Signature => "the platform's signature",
        Guard::ApiKey => "Authorization: Bearer <API key>",
        Guard::FirstFrame => "an API key in the first frame",
    }
}
