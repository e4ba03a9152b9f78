//! `rookery doctor`

use super::failure::Failure;
use crate::config::Environment;
use crate::{doctor, logging, output};
use std::path::PathBuf;
use std::process::ExitCode;

/// Prints what was found; exit code 1 if something does not work.
pub(super) async fn run(
    named: Option<PathBuf>,
    environment: Environment,
    json: bool,
) -> Result<ExitCode, Failure> {
    logging::install_for_command();
    let report = doctor::run(named.as_deref(), &environment).await;
    if json {
        output::result(&serde_json::to_string_pretty(&report).map_err(Failure::failed)?);
    } else {
        output::result(&report.table());
    }
    Ok(if report.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
