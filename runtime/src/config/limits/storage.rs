//! Limits of the stores.

use super::super::keys::Keys;
use super::at_least_one;
use rookery_domain::Secret;
use rookery_storage::DatabaseSettings;
use rookery_storage::directory::DirectorySettings;
use rookery_storage::live::LiveLimits;

/// Limits of the stores.
#[derive(Debug, Clone)]
pub struct StorageLimits {
    /// Of the database, without its URLs.
    database: DatabaseSettings,
    /// Of the cached configuration.
    pub directory: DirectorySettings,
    /// Of the live fan-out.
    pub live: LiveLimits,
}

impl StorageLimits {
    pub(super) fn read(keys: &mut Keys<'_>) -> Self {
        let limits = Self {
            database: database(keys),
            directory: directory(keys),
            live: LiveLimits {
                sessions_max: keys.read("limits.live_sessions_max"),
                watchers_max: keys.read("limits.live_watchers_max"),
                forget_done_after: keys.read("limits.live_forget_done_after"),
                forget_silent_after: keys.read("limits.live_forget_silent_after"),
            },
        };
        at_least_one(keys, "limits.write_queue_max", limits.database.queue_ops_max);
        at_least_one(keys, "limits.write_batch_max", limits.database.batch_ops_max);
        limits
    }

    /// What the database is opened with.
    pub fn database(&self, url: &Secret, migrate_url: Option<&Secret>) -> DatabaseSettings {
        DatabaseSettings {
            url: url.clone(),
            migrate_url: migrate_url.cloned(),
            ..self.database.clone()
        }
    }
}

fn database(keys: &mut Keys<'_>) -> DatabaseSettings {
    let settings = DatabaseSettings {
        url: Secret::new(""),
        migrate_url: None,
        connections_max: keys.read("limits.database_connections_max"),
        connect_timeout: keys.read("limits.database_connect_timeout"),
        writer_lanes: keys.read("limits.writer_lanes"),
        queue_ops_max: keys.read("limits.write_queue_max"),
        queue_bytes_max: keys.read("limits.write_queue_bytes_max"),
        batch_ops_max: keys.read("limits.write_batch_max"),
        linger: keys.read("limits.write_linger"),
    };
    for (path, count) in [
        ("limits.database_connections_max", settings.connections_max),
        ("limits.writer_lanes", settings.writer_lanes),
    ] {
        if count == 0 {
            keys.faults.push(path, "must be at least 1");
        }
    }
    settings
}

fn directory(keys: &mut Keys<'_>) -> DirectorySettings {
    DirectorySettings {
        lifetime: keys.read("limits.directory_lifetime"),
        key_lifetime: keys.read("limits.directory_key_lifetime"),
        missing_lifetime: keys.read("limits.directory_missing_lifetime"),
        tenants_max: keys.read("limits.directory_tenants_max"),
        routes_max: keys.read("limits.directory_routes_max"),
        keys_max: keys.read("limits.directory_keys_max"),
        missing_max: keys.read("limits.directory_missing_max"),
    }
}
