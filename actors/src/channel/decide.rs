//! What an attempt's result means. Pure.

use rookery_domain::Timestamp;
use rookery_domain::agent::OnAmbiguous;
use rookery_domain::message::ReplyTarget;
use rookery_domain::outbox::{OutboxRow, OutboxStatus, OutboxStep};
use rookery_domain::ports::DeliveryError;
use std::time::Duration;

/// Attempts of a row until an unknown outcome is no longer answered by another one.
const UNKNOWN_ATTEMPTS_MAX: u32 = 5;

/// How long a row waits for a refused token to be replaced.
const UNAUTHORIZED_WAIT: Duration = Duration::from_secs(60);

/// What is known about repeating a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RepeatPolicy {
    /// A repeat has no second effect: the platform takes a key, or the call is an edit.
    pub(crate) harmless: bool,
    /// What the agent wants otherwise.
    pub(crate) on_ambiguous: OnAmbiguous,
}

/// Limits of an attempt.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AttemptLimits {
    /// Attempts until a row is given up.
    pub(crate) attempts_max: u32,
    /// The wait that back-off asks for after this attempt.
    pub(crate) backoff: Duration,
}

/// What the lane does next.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Next {
    /// The row is settled.
    Settled,
    /// The same row again at this time.
    Again {
        /// Not before.
        at: Timestamp,
        /// Where the conversation is now, if it has moved.
        target: Option<ReplyTarget>,
        /// It was an attempt that failed, and not one that was put off.
        counted: bool,
    },
    /// The tenant is another's: everything stops.
    Fenced,
    /// What happened could not be recorded; whoever reads the row next finds it begun.
    Lost(String),
}

/// What to record after an attempt, and where a moved conversation is now.
pub(crate) fn after_attempt(
    row: &OutboxRow,
    result: Result<Option<String>, DeliveryError>,
    policy: RepeatPolicy,
    limits: AttemptLimits,
    now: Timestamp,
) -> (OutboxStep, Option<ReplyTarget>) {
    let spent = row.attempts >= limits.attempts_max;
    let later = now.plus(limits.backoff);
    let retry = |error: String| {
        if spent { OutboxStep::Dead { error } } else { OutboxStep::Retry { at: later, error } }
    };
    let step = match result {
        Ok(platform_message_id) => OutboxStep::Sent { platform_message_id },
        // Being told to wait is no failure of the row: it never runs out of these.
        Err(error @ DeliveryError::RateLimited(wait)) => {
            OutboxStep::Retry { at: now.plus(wait), error: error.to_string() }
        }
        Err(DeliveryError::Moved(target)) => {
            let step =
                OutboxStep::Retry { at: now, error: "the conversation has moved".to_owned() };
            return (if spent { retry("moved in circles".to_owned()) } else { step }, Some(target));
        }
        Err(error @ DeliveryError::NotDelivered(_)) => retry(error.to_string()),
        Err(error @ DeliveryError::Unknown(_)) if policy.harmless => retry(error.to_string()),
        Err(error @ DeliveryError::Unknown(_)) => {
            let spent = row.attempts >= UNKNOWN_ATTEMPTS_MAX;
            unknown(error.to_string(), policy.on_ambiguous, spent, later)
        }
        // A refused token may be replaced; the row waits for that as long as its attempts last.
        Err(error @ DeliveryError::Unauthorized) if !spent => {
            OutboxStep::Retry { at: now.plus(UNAUTHORIZED_WAIT), error: error.to_string() }
        }
        Err(error @ (DeliveryError::Refused(_) | DeliveryError::Unauthorized)) => {
            OutboxStep::Dead { error: error.to_string() }
        }
    };
    (step, None)
}

/// What to record of a row that was found with a send begun and no outcome.
pub(crate) fn after_crash(
    row: &OutboxRow,
    policy: RepeatPolicy,
    now: Timestamp,
) -> Option<OutboxStep> {
    if row.status != OutboxStatus::Sending {
        return None;
    }
    let error = "the process ended while sending".to_owned();
    Some(if policy.harmless {
        OutboxStep::Retry { at: now, error }
    } else {
        unknown(error, policy.on_ambiguous, false, now)
    })
}

/// What the lane does after a recorded step.
pub(crate) fn next_of(step: &OutboxStep, target: Option<ReplyTarget>, counted: bool) -> Next {
    match step {
        OutboxStep::Retry { at, .. } | OutboxStep::Unknown { resend_at: Some(at), .. } => {
            Next::Again { at: *at, target, counted }
        }
        OutboxStep::Sending
        | OutboxStep::Sent { .. }
        | OutboxStep::Unknown { resend_at: None, .. }
        | OutboxStep::Dead { .. } => Next::Settled,
    }
}

fn unknown(error: String, policy: OnAmbiguous, spent: bool, at: Timestamp) -> OutboxStep {
    let resend = policy == OnAmbiguous::Resend && !spent;
    OutboxStep::Unknown { error, resend_at: resend.then_some(at) }
}
