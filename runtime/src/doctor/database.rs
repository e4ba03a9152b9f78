//! Does the database answer, does it keep what it is given, is it current, and whose is it?

use super::report::Check;
use crate::admin::Status;
use crate::config::Config;
use crate::wiring::{self, Database};

const NAME: &str = "database";

/// Checks the database. Opening it checks what `serve` would refuse: version, durable commits, and
/// a role that row security binds.
pub(super) async fn check(config: &Config, server: Option<&Status>) -> Vec<Check> {
    if let Some(file) = config.storage.sqlite_file()
        && !file.exists()
    {
        let detail = format!("{} is made by the first `rookery serve`", file.display());
        return vec![Check::ok(NAME, detail)];
    }
    let database = match wiring::open_database(config).await {
        Ok(database) => database,
        Err(error) => {
            return vec![Check::failed(
                NAME,
                format!("{error:#}"),
                "check storage.url and that the database runs",
            )];
        }
    };
    let checks = vec![
        answers(config, &database).await,
        current(&database).await,
        lock(&database, server).await,
    ];
    database.close().await;
    checks
}

async fn answers(config: &Config, database: &Database) -> Check {
    let kind = if config.storage.is_sqlite() {
        "SQLite, write-ahead log, synchronous = FULL"
    } else {
        "PostgreSQL, durable commits, a role bound by row security"
    };
    match database.check().await {
        Ok(()) => Check::ok(NAME, format!("answers: {kind}")),
        Err(error) => Check::failed(NAME, error.to_string(), "check that the database runs"),
    }
}

async fn current(database: &Database) -> Check {
    const NAME: &str = "migrations";
    match database.pending_migrations().await {
        Ok(0) => Check::ok(NAME, "the schema is up to date"),
        Ok(pending) => Check::warning(
            NAME,
            format!("{pending} are not applied"),
            "run `rookery migrate`, or let `rookery serve` do it",
        ),
        Err(error) => Check::failed(NAME, error.to_string(), "check the rights of the role"),
    }
}

async fn lock(database: &Database, server: Option<&Status>) -> Check {
    const NAME: &str = "single-node lock";
    if let Some(server) = server {
        return Check::ok(NAME, format!("held by process {}", server.pid));
    }
    match database.lock_single_node().await {
        Ok(()) => Check::ok(NAME, "free"),
        Err(error) => Check::failed(
            NAME,
            error.to_string(),
            "a server with another data directory, or on another machine, uses this database",
        ),
    }
}
