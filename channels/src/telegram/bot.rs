//! What is shared by everything that works for one bot: who it is, and its pace.

use crate::pace::{Pace, PaceLimits};
use rookery_domain::Secret;
use serde_json::Value;
use tokio::sync::watch;

/// Who the bot is, as far as is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Identity {
    /// Its user id.
    pub(super) id: Option<i64>,
    /// Its user name, without the `@`.
    pub(super) username: Option<String>,
}

impl Identity {
    /// From what was stored after an earlier start.
    pub(super) fn stored(identity: Option<&Value>) -> Self {
        let field = |name| identity.and_then(|identity| identity.get(name));
        Self {
            id: field("id").and_then(Value::as_i64),
            username: field("username").and_then(Value::as_str).map(str::to_owned),
        }
    }

    /// The id that stands before the colon of a token.
    fn of_token(token: &Secret) -> Option<i64> {
        token.expose().split_once(':')?.0.parse().ok()
    }
}

/// The shared part.
#[derive(Debug)]
pub(super) struct BotState {
    identity: watch::Sender<Identity>,
    /// Shared by sends and edits.
    pub(super) pace: Pace<i64>,
}

impl BotState {
    pub(super) fn new(token: &Secret, limits: PaceLimits) -> Self {
        let identity = Identity { id: Identity::of_token(token), username: None };
        Self { identity: watch::Sender::new(identity), pace: Pace::new(limits) }
    }

    /// What the platform says now.
    pub(super) fn learn(&self, identity: Identity) {
        self.identity.send_replace(identity);
    }

    /// What was stored at an earlier start: it fills gaps, unless it is about another bot, as it is
    /// after a change of the token.
    pub(super) fn recall(&self, stored: Identity) {
        self.identity.send_if_modified(|known| {
            let is_same_bot = known.id.is_none() || known.id == stored.id;
            let fills_a_gap = is_same_bot && known.username.is_none();
            if fills_a_gap {
                *known = stored;
            }
            fills_a_gap
        });
    }

    /// Waits until the bot's name is known; without it nobody can tell who is spoken to in a group.
    pub(super) async fn named(&self) {
        let mut watcher = self.identity.subscribe();
        // The sender is ours.
        let _named = watcher.wait_for(|known| known.username.is_some()).await;
    }

    pub(super) fn identity(&self) -> Identity {
        self.identity.borrow().clone()
    }
}
