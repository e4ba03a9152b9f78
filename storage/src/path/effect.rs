//! What a step does to an outbox row. Pure.

use super::operation::Ambiguity;
use rookery_domain::Timestamp;
use rookery_domain::outbox::{OutboxStatus, OutboxStep};

/// What a step does to a row, and from which states it may be taken.
pub(super) struct Effect {
    pub(super) to: OutboxStatus,
    pub(super) attempts: i64,
    pub(super) next_attempt_at: Option<Timestamp>,
    pub(super) platform_message_id: Option<String>,
    pub(super) error: Option<String>,
    pub(super) sent_at: Option<Timestamp>,
    pub(super) ambiguity: Option<Ambiguity>,
    pub(super) from_pending: bool,
    pub(super) from_sending: bool,
}

impl Effect {
    fn to(to: OutboxStatus) -> Self {
        Self {
            to,
            attempts: 0,
            next_attempt_at: None,
            platform_message_id: None,
            error: None,
            sent_at: None,
            ambiguity: None,
            from_pending: true,
            from_sending: true,
        }
    }

    pub(super) fn of(step: OutboxStep, at: Timestamp) -> Self {
        match step {
            OutboxStep::Sending => {
                Self { attempts: 1, from_sending: false, ..Self::to(OutboxStatus::Sending) }
            }
            OutboxStep::Sent { platform_message_id } => {
                Self { platform_message_id, sent_at: Some(at), ..Self::to(OutboxStatus::Sent) }
            }
            OutboxStep::Retry { at: next, error } => Self {
                next_attempt_at: Some(next),
                error: Some(error),
                ..Self::to(OutboxStatus::Pending)
            },
            OutboxStep::Unknown { error, resend_at } => Self {
                next_attempt_at: resend_at,
                error: Some(error.clone()),
                ambiguity: Some(Ambiguity { error, is_repeated: resend_at.is_some(), at }),
                from_pending: false,
                ..Self::to(if resend_at.is_some() {
                    OutboxStatus::Pending
                } else {
                    OutboxStatus::Ambiguous
                })
            },
            OutboxStep::Dead { error } => {
                Self { error: Some(error), ..Self::to(OutboxStatus::Dead) }
            }
        }
    }
}
