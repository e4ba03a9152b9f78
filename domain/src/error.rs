//! The closed set of error kinds. Every crate's error maps to one of these; the HTTP status, the
//! stable problem code and the retry rule follow from it, in this one table.

/// What kind of failure an error is, whichever crate it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The caller sent something that can never work.
    Invalid,
    /// No valid credential was presented.
    Unauthorized,
    /// The credential is valid and does not allow this.
    Forbidden,
    /// The thing does not exist, or belongs to another tenant (indistinguishable on purpose).
    NotFound,
    /// The thing changed meanwhile, or the same key was used for something else.
    Conflict,
    /// A body, text or batch over its named limit.
    TooLarge,
    /// Too many requests; try again later.
    RateLimited,
    /// A tenant's daily or monthly limit is used up.
    QuotaExceeded,
    /// This version does not do this.
    Unsupported,
    /// The writer no longer owns the tenant. Never retried by the same incarnation.
    Fenced,
    /// A store, a platform or a node cannot be reached.
    Unavailable,
    /// It took longer than its named limit.
    Timeout,
    /// A platform or a model provider failed.
    Upstream,
    /// Stopped on request.
    Cancelled,
    /// A bug or a broken invariant.
    Internal,
}

impl ErrorKind {
    /// Every kind, for tables and tests.
    pub const ALL: [Self; 15] = [
        Self::Invalid,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::Conflict,
        Self::TooLarge,
        Self::RateLimited,
        Self::QuotaExceeded,
        Self::Unsupported,
        Self::Fenced,
        Self::Unavailable,
        Self::Timeout,
        Self::Upstream,
        Self::Cancelled,
        Self::Internal,
    ];

    /// The HTTP status that answers an error of this kind.
    pub const fn http_status(self) -> u16 {
        match self {
            Self::Invalid => 400,
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::TooLarge => 413,
            Self::RateLimited | Self::QuotaExceeded => 429,
            Self::Unsupported => 501,
            Self::Fenced | Self::Unavailable => 503,
            Self::Timeout => 504,
            Self::Upstream => 502,
            Self::Cancelled => 499,
            Self::Internal => 500,
        }
    }

    /// Whether the same call may succeed later without a change.
    pub const fn is_transient(self) -> bool {
        matches!(self, Self::RateLimited | Self::Unavailable | Self::Timeout | Self::Upstream)
    }

    /// The stable machine-readable code of problem documents and logs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::TooLarge => "too_large",
            Self::RateLimited => "rate_limited",
            Self::QuotaExceeded => "quota_exceeded",
            Self::Unsupported => "unsupported",
            Self::Fenced => "fenced",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
            Self::Upstream => "upstream",
            Self::Cancelled => "cancelled",
            Self::Internal => "internal",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ErrorKind;
    use std::collections::BTreeSet;

    #[test]
    fn every_kind_has_its_own_code_and_an_error_status() {
        let codes: BTreeSet<_> = ErrorKind::ALL.iter().map(|kind| kind.code()).collect();
        assert_eq!(codes.len(), ErrorKind::ALL.len());
        assert!(ErrorKind::ALL.iter().all(|kind| (400..600).contains(&kind.http_status())));
    }
}
