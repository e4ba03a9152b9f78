//! `rookery key create`

use super::arguments::{KeyCommand, KeyCreate};
use super::failure::Failure;
use super::local::LocalControl;
use crate::admin::{AdminClient, KeyRequest};
use crate::config::Config;
use crate::output;
use rookery_control::{Faults, MadeKey};
use rookery_domain::api_key::Scope;
use std::process::ExitCode;

/// Makes a key and prints it.
pub(super) async fn run(config: Config, command: KeyCommand) -> Result<ExitCode, Failure> {
    let KeyCommand::Create(arguments) = command;
    let request = request(arguments)?;
    let made = match AdminClient::find(&config).await? {
        Some(server) => server.create_key(&request).await?,
        None => create_here(&config, &request).await?,
    };
    output::result(&serde_json::to_string(&made).map_err(Failure::failed)?);
    Ok(ExitCode::SUCCESS)
}

fn request(arguments: KeyCreate) -> Result<KeyRequest, Faults> {
    let mut faults = Faults::default();
    let mut scopes = Vec::new();
    for text in &arguments.scopes {
        match Scope::parse(text.trim()) {
            Some(scope) => scopes.push(scope),
            None => faults
                .push("--scopes", format!("`{text}` is no scope; there are: chat, read, admin")),
        }
    }
    faults.or(KeyRequest { tenant: arguments.tenant, slug: arguments.slug, scopes })
}

async fn create_here(config: &Config, request: &KeyRequest) -> Result<MadeKey, Failure> {
    let local = LocalControl::open(config).await?;
    let made = local.control.create_key(&request.tenant, &request.slug, &request.scopes).await;
    local.close().await;
    Ok(made?)
}
