//! The control plane of a command that finds no running server: over the database itself.

use super::failure::Failure;
use crate::config::Config;
use crate::wiring::{self, Database};
use anyhow::Context;
use rookery_control::Control;

/// The control plane over an open database.
#[derive(Debug)]
pub(super) struct LocalControl {
    pub(super) control: Control,
    database: Database,
}

impl LocalControl {
    /// Opens and migrates the database. SQLite is locked against a server that would start
    /// meanwhile; on PostgreSQL a server elsewhere sees the change by itself.
    pub(super) async fn open(config: &Config) -> Result<Self, Failure> {
        let database = wiring::open_database(config).await?;
        if config.storage.is_sqlite() {
            database
                .lock_single_node()
                .await
                .context("the database is in use and its server has no admin socket here")?;
        }
        database.migrate().await.context("cannot migrate the database")?;
        let control = wiring::control_over(config, &database)?;
        Ok(Self { control, database })
    }

    /// Finishes what is queued.
    pub(super) async fn close(self) {
        drop(self.control);
        self.database.close().await;
    }
}
