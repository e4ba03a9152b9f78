//! One id per request, taken from the caller where it is harmless, else fresh.

use http::{HeaderMap, HeaderName, HeaderValue};
use rookery_domain::IdSource;

/// The header that carries it, both ways.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest id that is taken from a caller.
const BYTES_MAX: usize = 64;

/// A request's id: 1 to 64 of `A-Z a-z 0-9 . _ -`, so that it can stand in a header, a document
/// and a log line as it is.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(HeaderValue);

impl RequestId {
    pub(super) fn of(headers: &HeaderMap, ids: &dyn IdSource) -> Self {
        headers
            .get(REQUEST_ID)
            .filter(|value| is_harmless(value.as_bytes()))
            .cloned()
            .map_or_else(|| Self::fresh(ids), Self)
    }

    fn fresh(ids: &dyn IdSource) -> Self {
        let text = ids.uuid().simple().to_string();
        Self(HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("-")))
    }

    pub(super) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or("-")
    }

    pub(super) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

fn is_harmless(bytes: &[u8]) -> bool {
    (1..=BYTES_MAX).contains(&bytes.len())
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}
