//! `[agents]`: what holds for an agent that does not say otherwise.

use super::keys::Keys;
use rookery_domain::agent::OnAmbiguous;

/// What holds for an agent that does not say otherwise.
#[derive(Debug, Clone)]
pub struct AgentsConfig {
    /// What happens to a send of unknown outcome.
    pub on_ambiguous: OnAmbiguous,
}

impl AgentsConfig {
    pub(super) fn read(keys: &mut Keys<'_>) -> Self {
        let words = [("resend", OnAmbiguous::Resend), ("stay-silent", OnAmbiguous::StaySilent)];
        Self { on_ambiguous: keys.word("agents.on_ambiguous", &words, OnAmbiguous::Resend) }
    }
}
