//! What is known after a call that did not succeed, and what it means for a delivery.

use super::target::Target;
use rookery_domain::ports::DeliveryError;
use std::time::Duration;

/// Longest description that is kept, in characters.
const DESCRIPTION_CHARACTERS_MAX: usize = 200;

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// It never reached the platform.
    NotSent(String),
    /// It may have: no answer, a broken one, or a 5xx.
    Lost(String),
    /// The platform said no.
    Refused(Refusal),
}

/// The platform's no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// As in HTTP.
    pub(super) code: u16,
    /// In the platform's words.
    pub(super) description: String,
    /// How long to wait; present exactly with code 429.
    pub(super) retry_after: Option<Duration>,
    /// The group became a supergroup with this id.
    pub(super) moved_to: Option<i64>,
}

impl Refusal {
    fn says(&self, words: &str) -> bool {
        self.description.to_ascii_lowercase().contains(words)
    }
}

impl Failure {
    /// The marks were refused; the plain text may be taken.
    pub(super) fn is_about_marks(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.code == 400
            && (refusal.says("can't parse entities") || refusal.says("can't find end of")))
    }

    /// An edit that changes nothing: what is wanted is already there.
    pub(super) fn is_unchanged(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.says("message is not modified"))
    }

    /// As the host sees it. The target is needed to say where a moved chat is now.
    pub(super) fn into_delivery_error(self, target: Option<&Target>) -> DeliveryError {
        match self {
            Self::NotSent(reason) => DeliveryError::NotDelivered(reason),
            Self::Lost(reason) => DeliveryError::Unknown(reason),
            Self::Refused(refusal) => refusal.into_delivery_error(target),
        }
    }
}

impl Refusal {
    fn into_delivery_error(self, target: Option<&Target>) -> DeliveryError {
        if let Some(wait) = self.retry_after {
            return DeliveryError::RateLimited(wait);
        }
        if let (Some(chat_id), Some(target)) = (self.moved_to, target) {
            return DeliveryError::Moved(target.moved_to(chat_id).to_reply_target());
        }
        match self.code {
            401 | 404 => DeliveryError::Unauthorized,
            // Another program fetches, or a hook is set: it passes once that ends.
            409 => DeliveryError::NotDelivered(self.short()),
            _ => DeliveryError::Refused(self.short()),
        }
    }

    fn short(&self) -> String {
        let words: String = self
            .description
            .chars()
            .filter(|character| !character.is_control())
            .take(DESCRIPTION_CHARACTERS_MAX)
            .collect();
        format!("{}: {words}", self.code)
    }
}
