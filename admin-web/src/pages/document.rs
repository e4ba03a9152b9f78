//! What all pages share: the skeleton and its headers.

use super::assets::Assets;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use maud::{DOCTYPE, Markup, html};

/// Only what we serve ourselves runs, and nobody frames it. Sockets to our own host are `'self'`.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'";

/// A whole page.
pub(super) fn page(assets: &Assets, status: StatusCode, title: &str, body: &Markup) -> Response {
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                link rel="icon" href="data:,";
                link rel="stylesheet" href=(assets.style());
                script src=(assets.script()) defer {}
            }
            body { (body) }
        }
    };
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    ];
    (status, headers, document.into_string()).into_response()
}

/// A page that only says something.
pub(super) fn notice(assets: &Assets, status: StatusCode, title: &str, text: &str) -> Response {
    let body = html! {
        main.sheet {
            h1 { (title) }
            p { (text) }
            p { a href="/" { "Back to the start" } }
        }
    };
    page(assets, status, title, &body)
}
