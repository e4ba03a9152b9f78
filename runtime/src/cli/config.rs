//! `rookery config check|show`

use super::arguments::ConfigCommand;
use super::failure::Failure;
use crate::config::{Environment, load, show};
use crate::output;
use rookery_control::Faults;
use std::path::Path;
use std::process::ExitCode;

/// Runs it. Needs no database and no network.
pub(super) fn run(
    command: &ConfigCommand,
    named: Option<&Path>,
    environment: &Environment,
) -> Result<ExitCode, Failure> {
    let loaded = load(named, environment)?;
    match command {
        ConfigCommand::Show => {
            output::result(show(&loaded).map_err(Failure::failed)?.trim_end());
        }
        ConfigCommand::Check => {
            let mut faults = Faults::default();
            for key in &loaded.unknown {
                faults.push("", key.to_string());
            }
            if let Err(not_here) = loaded.config.refuse_what_is_not_here() {
                for fault in not_here.as_slice() {
                    faults.push(&fault.path, &fault.message);
                }
            }
            faults.or(())?;
            output::result("the configuration is good");
        }
    }
    Ok(ExitCode::SUCCESS)
}
