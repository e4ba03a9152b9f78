//! The script and the style sheet, compiled in. Their names carry a digest of their content, so a
//! browser may keep them for ever.

use crate::frame::Problem;
use crate::state::AppState;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::header;
use ring::digest::{SHA256, digest};
use std::fmt::Write;

const SCRIPT: &str = include_str!("assets/chat.js");
const STYLE: &str = include_str!("assets/chat.css");

/// Bytes of the digest that a name carries.
const DIGEST_BYTES: usize = 6;

/// One file.
#[derive(Debug)]
struct Asset {
    path: String,
    media_type: &'static str,
    content: &'static str,
}

/// All of them.
#[derive(Debug)]
pub(crate) struct Assets {
    script: Asset,
    style: Asset,
}

impl Assets {
    pub(crate) fn new() -> Self {
        Self {
            script: Asset::new("chat", "js", "text/javascript; charset=utf-8", SCRIPT),
            style: Asset::new("chat", "css", "text/css; charset=utf-8", STYLE),
        }
    }

    pub(super) fn script(&self) -> &str {
        &self.script.path
    }

    pub(super) fn style(&self) -> &str {
        &self.style.path
    }
}

impl Asset {
    fn new(name: &str, extension: &str, media_type: &'static str, content: &'static str) -> Self {
        let mut version = String::new();
        for byte in digest(&SHA256, content.as_bytes()).as_ref().iter().take(DIGEST_BYTES) {
            // Writing to a string cannot fail.
            let _infallible = write!(version, "{byte:02x}");
        }
        Self { path: format!("/assets/{name}-{version}.{extension}"), media_type, content }
    }
}

/// Serves one.
pub(crate) async fn asset(
    State(state): State<AppState>,
    Path(name): Path<String>,
) -> Result<Response, Problem> {
    let path = format!("/assets/{name}");
    let assets = &state.memory.assets;
    let asset = [&assets.script, &assets.style]
        .into_iter()
        .find(|asset| asset.path == path)
        .ok_or_else(|| Problem::not_found("asset"))?;
    let headers = [
        (header::CONTENT_TYPE, asset.media_type),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    Ok((headers, asset.content).into_response())
}
