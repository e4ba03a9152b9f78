//! `Idempotency-Key`: makes a repeated POST harmless.

use super::problem::Problem;
use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::request::Parts;

/// Longest key, in bytes.
const BYTES_MAX: usize = 128;

/// The caller's key, if it sent one. It is bound to the tenant and the agent, and good for as long
/// as the store remembers the submission.
#[derive(Debug)]
pub(crate) struct IdempotencyKey(pub(crate) Option<String>);

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        read(&parts.headers).map(Self)
    }
}

pub(super) fn read(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let bytes = value.as_bytes();
    let fits = (1..=BYTES_MAX).contains(&bytes.len());
    let visible = bytes.iter().all(u8::is_ascii_graphic);
    match value.to_str() {
        Ok(text) if fits && visible && values.next().is_none() => Ok(Some(text.to_owned())),
        _ => Err(Problem::invalid(format!(
            "Idempotency-Key must be one value of 1 to {BYTES_MAX} visible ASCII characters"
        ))),
    }
}
