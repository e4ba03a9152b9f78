//! What a database is opened with. Every limit of the store has its name here.

use rookery_domain::Secret;
use std::time::Duration;

/// How to open a database, and the limits of its store.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// `sqlite://PATH`, `sqlite::memory:` or `postgres://USER@HOST/DATABASE`; may hold a password.
    pub url: Secret,
    /// The owner of the tables on PostgreSQL, where that is another role.
    pub migrate_url: Option<Secret>,
    /// Connections for reading and for rare writes. SQLite has at most four,
    /// and one in memory.
    pub connections_max: u32,
    /// How long to wait for one of them, and for a new one to be made.
    pub connect_timeout: Duration,
    /// Writers that commit in groups on PostgreSQL; a tenant always uses the same one. SQLite has
    /// one.
    pub writer_lanes: u32,
    /// Writes waiting in one lane; more are refused as full.
    pub queue_ops_max: usize,
    /// Bytes of raw payloads waiting in one lane; more are refused as full.
    pub queue_bytes_max: usize,
    /// Writes committed together.
    pub batch_ops_max: usize,
    /// How long a batch of inbox rows waits for company while others are on their way.
    pub linger: Duration,
}

impl DatabaseSettings {
    /// The defaults for a URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: Secret::new(url),
            migrate_url: None,
            connections_max: 8,
            connect_timeout: Duration::from_secs(5),
            writer_lanes: 4,
            queue_ops_max: 4_096,
            queue_bytes_max: 64 << 20,
            batch_ops_max: 256,
            linger: Duration::from_millis(2),
        }
    }
}
