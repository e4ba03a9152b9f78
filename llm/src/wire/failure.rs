//! Failures by class, from statuses, error events and broken connections. The library's own texts
//! contain the provider's body and are never shown.

use super::dialect::Dialect;
use super::retry_after::retry_after;
use genai::webc::StreamTimeout;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use rookery_domain::Timestamp;
use rookery_domain::model::ModelRef;
use rookery_domain::ports::{ModelError, ModelErrorKind};
use std::time::Duration;

/// A failure before it is known whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) kind: ModelErrorKind,
    pub(super) status: Option<u16>,
    pub(super) retry_after: Option<Duration>,
}

impl Failure {
    pub(super) const fn of(kind: ModelErrorKind) -> Self {
        Self { kind, status: None, retry_after: None }
    }

    pub(super) fn of_model(self, model: &ModelRef) -> ModelError {
        ModelError {
            kind: self.kind,
            model: model.to_string(),
            status: self.status,
            retry_after: self.retry_after,
        }
    }
}

/// Classifies an error of the library, whether it came before or within the stream.
pub(super) fn classify(error: &genai::Error, dialect: &Dialect, now: Timestamp) -> Failure {
    match error {
        genai::Error::HttpError { status, body, headers, .. } => {
            http(*status, body, headers, dialect, now)
        }
        genai::Error::WebStream { error, .. } => {
            if let Some(inner) = error.downcast_ref::<genai::Error>() {
                return classify(inner, dialect, now);
            }
            if error.downcast_ref::<StreamTimeout>().is_some() {
                return Failure::of(ModelErrorKind::TimedOut);
            }
            Failure::of(
                error.downcast_ref::<reqwest::Error>().map_or(ModelErrorKind::BrokenOff, transport),
            )
        }
        genai::Error::ChatResponse { body, .. } => {
            Failure::of((dialect.refine)(body).unwrap_or(ModelErrorKind::Unavailable))
        }
        genai::Error::StreamParse { .. }
        | genai::Error::JsonValueExt(_)
        | genai::Error::SerdeJson(_) => Failure::of(ModelErrorKind::BrokenOff),
        _ => Failure::of(ModelErrorKind::Refused),
    }
}

fn transport(error: &reqwest::Error) -> ModelErrorKind {
    if error.is_timeout() {
        ModelErrorKind::TimedOut
    } else if error.is_builder() {
        // The address was checked when the provider was set up: only the key varies.
        ModelErrorKind::Unauthorized
    } else if error.is_body() || error.is_decode() {
        ModelErrorKind::BrokenOff
    } else {
        ModelErrorKind::Unavailable
    }
}

fn http(
    status: StatusCode,
    body: &str,
    headers: &HeaderMap,
    dialect: &Dialect,
    now: Timestamp,
) -> Failure {
    let by_status = match status.as_u16() {
        401..=403 => ModelErrorKind::Unauthorized,
        408 => ModelErrorKind::TimedOut,
        413 => ModelErrorKind::ContextTooLong,
        429 => ModelErrorKind::RateLimited,
        400..=499 => ModelErrorKind::Refused,
        _ => ModelErrorKind::Unavailable,
    };
    // The body says more where the status is one for everything, or hides an unpaid bill.
    let kind = if matches!(status.as_u16(), 400 | 422 | 429) {
        serde_json::from_str(body)
            .ok()
            .and_then(|body| (dialect.refine)(&body))
            .unwrap_or(by_status)
    } else {
        by_status
    };
    Failure { kind, status: Some(status.as_u16()), retry_after: retry_after(headers, now) }
}
