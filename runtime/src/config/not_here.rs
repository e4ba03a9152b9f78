//! Settings of the contract whose feature this version does not have: known, so that one file
//! serves many versions, and refused at start, so that nobody believes they work.

use super::load::Config;
use super::memory::MemoryBackend;
use rookery_control::Faults;

impl Config {
    /// Refuses what is switched on and does nothing.
    pub fn refuse_what_is_not_here(&self) -> Result<(), Faults> {
        let mut faults = Faults::default();
        let slack = &self.channels.slack;
        let whatsapp = &self.channels.whatsapp;
        let checks = [
            ("cluster.enabled", self.cluster.enabled),
            ("redis.url", !self.redis.url.is_empty()),
            ("memory.backend", self.memory.backend != MemoryBackend::Embedded),
            ("channels.slack", slack.is_set()),
            ("channels.whatsapp", whatsapp.is_set()),
            ("billing.stripe.secret_key", !self.billing.secret_key.is_empty()),
            ("billing.stripe.webhook_secret", !self.billing.webhook_secret.is_empty()),
        ];
        for (path, is_on) in checks {
            if is_on {
                faults.push(path, "is not in this version; remove it from the configuration");
            }
        }
        faults.or(())
    }
}
