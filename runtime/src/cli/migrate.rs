//! `rookery migrate`

use super::failure::Failure;
use crate::config::Config;
use crate::output;
use crate::wiring;
use anyhow::Context;
use std::process::ExitCode;

/// Brings the schema up to date.
pub(super) async fn run(config: Config) -> Result<ExitCode, Failure> {
    let database = wiring::open_database(&config).await?;
    let applied = database.migrate().await.context("cannot migrate the database")?;
    database.close().await;
    output::result(&format!("{applied} migrations applied, the schema is up to date"));
    Ok(ExitCode::SUCCESS)
}
