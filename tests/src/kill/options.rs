//! What a run of the kill suite does.

use crate::system::Database;
use rookery_domain::kill_point::KillPoint;

/// The size of a run.
#[derive(Debug, Clone)]
pub struct Options {
    /// On which database.
    pub database: Database,
    /// At which points.
    pub points: Vec<KillPoint>,
    /// Kills at each point.
    pub rounds: u32,
    /// Kills at random moments.
    pub random: u32,
    /// Messages in all; at least one per conversation and kill is sent.
    pub messages: u64,
    /// Conversations on the fake platform.
    pub chats: u64,
    /// Conversations over our own API.
    pub web_sessions: u64,
    /// Decides order, moments and faults.
    pub seed: u64,
    /// The bot stays silent after a send of unknown outcome, instead of repeating it.
    pub stay_silent: bool,
}

impl Options {
    /// Enough to see that the path holds, small enough for every change: two kills at each point.
    pub fn quick(database: Database) -> Self {
        Self {
            database,
            points: KillPoint::ALL.to_vec(),
            rounds: 2,
            random: 2,
            messages: 200,
            chats: 8,
            web_sessions: 2,
            seed: 1,
            stay_silent: false,
        }
    }

    /// Kills in all.
    pub fn kills(&self) -> u64 {
        let points = u64::try_from(self.points.len()).unwrap_or(0);
        u64::from(self.rounds) * points + u64::from(self.random)
    }

    /// Messages between two kills.
    pub fn messages_per_round(&self) -> u64 {
        self.messages.div_ceil(self.kills().max(1)).max(self.chats + self.web_sessions)
    }
}
