//! From what was typed to the command that does it.

use super::arguments::{Arguments, Command};
use super::failure::Failure;
use super::{apply, completions, config, dead_letters, doctor, key, migrate};
use crate::config::{Environment, Loaded, load};
use crate::logging;
use clap::Parser;
use std::process::ExitCode;

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let environment = Environment::of_process();
    let named = arguments.config.as_deref();
    match arguments.command {
        Command::Completions { shell } => {
            completions::print(shell);
            return Ok(ExitCode::SUCCESS);
        }
        Command::Config { ref command } => return config::run(command, named, &environment),
        Command::Doctor { json } => {
            return block_on(doctor::run(named.map(Into::into), environment, json));
        }
        _ => {}
    }
    let loaded = load(named, &environment)?;
    if let Command::Serve = arguments.command {
        logging::install(&loaded.config.log);
        warn_of_unknown(&loaded);
        return block_on(serve(loaded, environment));
    }
    logging::install_for_command();
    warn_of_unknown(&loaded);
    let config = loaded.config;
    match arguments.command {
        Command::Apply { file } => block_on(apply::run(config, environment, file)),
        Command::Migrate => block_on(migrate::run(config)),
        Command::Key { command } => block_on(key::run(config, command)),
        Command::DeadLetters { command } => block_on(dead_letters::run(config, command)),
        Command::Serve
        | Command::Doctor { .. }
        | Command::Config { .. }
        | Command::Completions { .. } => Ok(ExitCode::SUCCESS),
    }
}

async fn serve(loaded: Loaded, environment: Environment) -> Result<ExitCode, Failure> {
    Box::pin(crate::serve::run(loaded.config, &environment)).await?;
    Ok(ExitCode::SUCCESS)
}

fn warn_of_unknown(loaded: &Loaded) {
    for key in &loaded.unknown {
        tracing::warn!("configuration: {key}");
    }
}

fn block_on(command: impl Future<Output = Result<ExitCode, Failure>>) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(anyhow::Error::new(error).context("no async runtime")))?;
    runtime.block_on(command)
}
