//! What a provider asks us to wait: seconds, milliseconds or a date.

use chrono::DateTime;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use rookery_domain::Timestamp;
use std::time::Duration;

/// The longest wait that is believed.
pub(super) const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 3600);
/// The finer header that several vendors send beside the standard one.
const RETRY_AFTER_MILLIS: &str = "retry-after-ms";

/// Reads the headers of a failed response.
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    text(RETRY_AFTER_MILLIS)
        .and_then(|millis| seconds(millis).map(|value| value / 1000.0))
        .or_else(|| text(RETRY_AFTER.as_str()).and_then(seconds))
        .map(|value| Duration::try_from_secs_f64(value).unwrap_or(RETRY_AFTER_MAX))
        .or_else(|| text(RETRY_AFTER.as_str()).and_then(|value| until(value, now)))
        .map(|wait| wait.min(RETRY_AFTER_MAX))
}

fn seconds(text: &str) -> Option<f64> {
    let value: f64 = text.trim().parse().ok()?;
    (value.is_finite() && value >= 0.0).then_some(value)
}

fn until(text: &str, now: Timestamp) -> Option<Duration> {
    let date = DateTime::parse_from_rfc2822(text.trim()).ok()?;
    Some(Timestamp::from_millis(date.timestamp_millis()).since(now))
}
