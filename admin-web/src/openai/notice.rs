//! Notices to people as errors to programs. The text stays the one for people: a provider's own
//! words never leave the process.

use crate::frame::Problem;
use rookery_domain::ErrorKind;

/// What a run's notice means to a client library. None of them is worth repeating at once: the
/// runtime has retried and failed over already.
pub(super) fn problem_of_notice(code: &str, text: &str) -> Problem {
    let (kind, stable_code) = match code {
        "E-101" => (ErrorKind::Unavailable, "model_busy"),
        "E-102" => (ErrorKind::Upstream, "model_interrupted"),
        "E-103" => (ErrorKind::Unavailable, "model_unavailable"),
        "E-104" => (ErrorKind::Invalid, "context_length_exceeded"),
        "E-105" => (ErrorKind::Invalid, "content_filter"),
        "E-106" => (ErrorKind::Timeout, "turn_timeout"),
        "E-201" | "E-202" => (ErrorKind::QuotaExceeded, "insufficient_quota"),
        "E-302" => (ErrorKind::Invalid, "media_not_read"),
        "E-303" => (ErrorKind::Invalid, "string_above_max_length"),
        _ => (ErrorKind::Internal, "run_failed"),
    };
    Problem::new(kind, text).coded(stable_code).finally()
}
