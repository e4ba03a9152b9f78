//! Why a request was refused, before anybody has decided what the answer looks like.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use rookery_domain::ErrorKind;
use rookery_domain::ports::{IngestError, StoreError};
use std::ops::Deref;
use std::time::Duration;

/// A refusal. As a response it is an empty body with itself attached; the frame renders it.
/// Boxed, because it stands in the result of every fallible function here.
#[derive(Debug, Clone)]
pub(crate) struct Problem(Box<Refusal>);

/// What a [`Problem`] says.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    /// The HTTP status.
    pub(super) status: StatusCode,
    /// Stable and machine-readable.
    pub(super) code: String,
    /// The same for every problem of this code.
    pub(super) title: &'static str,
    /// What was wrong with this request; no secrets, no internals.
    pub(super) detail: String,
    /// When the same request may succeed.
    pub(super) retry_after: Option<Duration>,
    /// The field that is wrong, for protocols that have a place for it.
    pub(super) parameter: Option<String>,
    /// A repeat cannot help, whatever the status suggests.
    pub(super) is_final: bool,
    /// For the log only.
    pub(super) cause: Option<String>,
}

impl Problem {
    pub(crate) fn new(kind: ErrorKind, detail: impl Into<String>) -> Self {
        let status =
            StatusCode::from_u16(kind.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::with_status(status, kind.code(), title(kind), detail)
    }

    fn with_status(
        status: StatusCode,
        code: &str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self(Box::new(Refusal {
            status,
            code: code.to_owned(),
            title,
            detail: detail.into(),
            retry_after: None,
            parameter: None,
            is_final: false,
            cause: None,
        }))
    }

    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, detail)
    }

    pub(crate) fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unauthorized, detail)
    }

    pub(crate) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Forbidden, detail)
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(ErrorKind::NotFound, format!("no such {what}"))
    }

    pub(crate) fn too_large(limit_bytes: usize) -> Self {
        Self::new(ErrorKind::TooLarge, format!("the body may have {limit_bytes} bytes"))
    }

    pub(crate) fn busy(detail: impl Into<String>, retry_after: Duration) -> Self {
        Self::new(ErrorKind::Unavailable, detail).retry_after(retry_after)
    }

    pub(crate) fn method_not_allowed() -> Self {
        Self::with_status(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "Method not allowed",
            "this path does not take this method",
        )
    }

    pub(crate) fn unsupported_media(detail: impl Into<String>) -> Self {
        Self::with_status(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "Unsupported media type",
            detail,
        )
    }

    pub(crate) fn slow_body(limit: Duration) -> Self {
        Self::with_status(
            StatusCode::REQUEST_TIMEOUT,
            "body_timeout",
            "Request timeout",
            format!("the body did not arrive within {} seconds", limit.as_secs()),
        )
    }

    pub(crate) fn upgrade_required() -> Self {
        Self::with_status(
            StatusCode::UPGRADE_REQUIRED,
            "upgrade_required",
            "Upgrade required",
            "this path speaks WebSocket only",
        )
    }

    /// A refusal that a library made on our behalf, known by its status only.
    pub(super) fn of_status(status: StatusCode, detail: String) -> Self {
        let kind = ErrorKind::ALL.into_iter().find(|kind| kind.http_status() == status.as_u16());
        match kind {
            Some(kind) => Self::new(kind, detail),
            None => Self::with_status(status, "refused", "Refused", detail),
        }
    }

    /// Replaces the code by a more specific one.
    #[must_use]
    pub(crate) fn coded(mut self, code: impl Into<String>) -> Self {
        self.0.code = code.into();
        self
    }

    #[must_use]
    pub(crate) fn at(mut self, parameter: impl Into<String>) -> Self {
        self.0.parameter = Some(parameter.into());
        self
    }

    #[must_use]
    pub(crate) fn retry_after(mut self, after: Duration) -> Self {
        self.0.retry_after = Some(after);
        self
    }

    #[must_use]
    pub(crate) fn finally(mut self) -> Self {
        self.0.is_final = true;
        self
    }

    #[must_use]
    pub(crate) fn caused_by(mut self, cause: &dyn std::fmt::Display) -> Self {
        self.0.cause = Some(cause.to_string());
        self
    }

    pub(crate) fn code(&self) -> &str {
        &self.0.code
    }

    pub(crate) fn detail(&self) -> &str {
        &self.0.detail
    }

    pub(crate) fn is_unauthorized(&self) -> bool {
        self.0.status == StatusCode::UNAUTHORIZED
    }

    pub(crate) fn is_not_found(&self) -> bool {
        self.0.status == StatusCode::NOT_FOUND
    }

    /// Whether the same request may succeed later.
    pub(crate) fn is_transient(&self) -> bool {
        !self.0.is_final
            && (self.0.status.is_server_error() || self.0.status == StatusCode::TOO_MANY_REQUESTS)
    }
}

impl Deref for Problem {
    type Target = Refusal;

    fn deref(&self) -> &Refusal {
        &self.0
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let detail = match error.kind() {
            ErrorKind::Unavailable | ErrorKind::Fenced => "the store cannot be reached right now",
            ErrorKind::NotFound => "no such thing",
            ErrorKind::Conflict => "it changed meanwhile",
            _ => "the store could not do this",
        };
        let problem = Self::new(error.kind(), detail).caused_by(&error);
        match error.kind() {
            ErrorKind::Unavailable | ErrorKind::Fenced => {
                problem.retry_after(Duration::from_secs(2))
            }
            _ => problem,
        }
    }
}

impl From<IngestError> for Problem {
    fn from(error: IngestError) -> Self {
        let problem = Self::new(error.kind(), error.to_string());
        match error {
            IngestError::Busy { retry_after } | IngestError::Unavailable { retry_after } => {
                problem.retry_after(retry_after)
            }
            _ => problem,
        }
    }
}

const fn title(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Invalid => "Invalid request",
        ErrorKind::Unauthorized => "Not authenticated",
        ErrorKind::Forbidden => "Not allowed",
        ErrorKind::NotFound => "Not found",
        ErrorKind::Conflict => "Conflict",
        ErrorKind::TooLarge => "Body too large",
        ErrorKind::RateLimited => "Too many requests",
        ErrorKind::QuotaExceeded => "Quota used up",
        ErrorKind::Unsupported => "Not in this version",
        ErrorKind::Fenced | ErrorKind::Unavailable => "Temporarily unavailable",
        ErrorKind::Timeout => "Took too long",
        ErrorKind::Upstream => "Upstream failure",
        ErrorKind::Cancelled => "Cancelled",
        ErrorKind::Internal => "Internal error",
    }
}
