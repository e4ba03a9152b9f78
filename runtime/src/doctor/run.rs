//! All checks, in an order in which a fault explains those below it.

use super::report::{Check, Report};
use super::{clock, configuration, data_directory, database, listeners, models};
use crate::admin::{AdminClient, Status};
use crate::config::{Config, Environment, load};
use std::path::Path;

/// Checks the installation that a configuration describes.
pub async fn run(named: Option<&Path>, environment: &Environment) -> Report {
    let loaded = match load(named, environment) {
        Ok(loaded) => loaded,
        Err(faults) => return Report::of(configuration::faulty(&faults)),
    };
    let config = &loaded.config;
    let mut checks = configuration::check(&loaded);
    let (server, check) = running_server(config).await;
    checks.push(check);
    checks.extend(data_directory::check(config));
    checks.extend(database::check(config, server.as_ref()).await);
    checks.extend(listeners::check(config, server.as_ref()).await);
    checks.extend(models::check(config).await);
    checks.push(clock::check(config));
    Report::of(checks)
}

async fn running_server(config: &Config) -> (Option<Status>, Check) {
    const NAME: &str = "server";
    let found = match AdminClient::find(config).await {
        Ok(Some(client)) => client.status().await.map(Some),
        Ok(None) => Ok(None),
        Err(failure) => Err(failure),
    };
    match found {
        Ok(Some(status)) => {
            let detail = format!("version {} runs as process {}", status.version, status.pid);
            let check = if status.version == env!("CARGO_PKG_VERSION") {
                Check::ok(NAME, detail)
            } else {
                Check::warning(NAME, detail, "restart it to run the installed version")
            };
            (Some(status), check)
        }
        Ok(None) => (None, Check::ok(NAME, "not running")),
        Err(failure) => (
            None,
            Check::failed(
                NAME,
                format!("the admin socket does not answer: {failure}"),
                "run this as the user that runs the server; if it hangs, restart it",
            ),
        ),
    }
}
