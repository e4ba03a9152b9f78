//! `rookery dead-letters list|replay`

use super::arguments::DeadLettersCommand;
use super::failure::Failure;
use super::local::LocalControl;
use crate::admin::AdminClient;
use crate::config::Config;
use crate::output;
use rookery_control::{DeadLetter, DeadLetterId, Replayed};
use std::process::ExitCode;

/// Runs it.
pub(super) async fn run(config: Config, command: DeadLettersCommand) -> Result<ExitCode, Failure> {
    match command {
        DeadLettersCommand::List { tenant, limit } => {
            let letters = list(&config, tenant.as_deref(), limit).await?;
            output::result(&serde_json::to_string_pretty(&letters).map_err(Failure::failed)?);
        }
        DeadLettersCommand::Replay { id, tenant } => {
            let Some(replayed) = replay(&config, tenant.as_deref(), id).await? else {
                let error = anyhow::anyhow!(
                    "{id} is not a dead letter; `rookery dead-letters list` shows them"
                );
                return Err(Failure::failed(error));
            };
            output::result(&serde_json::to_string(&replayed).map_err(Failure::failed)?);
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(
    config: &Config,
    tenant: Option<&str>,
    limit: u32,
) -> Result<Vec<DeadLetter>, Failure> {
    if let Some(server) = AdminClient::find(config).await? {
        return server.dead_letters(tenant, limit).await;
    }
    let local = LocalControl::open(config).await?;
    let letters = local.control.dead_letters(tenant, limit).await;
    local.close().await;
    Ok(letters?)
}

async fn replay(
    config: &Config,
    tenant: Option<&str>,
    id: DeadLetterId,
) -> Result<Option<Replayed>, Failure> {
    if let Some(server) = AdminClient::find(config).await? {
        return server.replay(tenant, id).await;
    }
    let local = LocalControl::open(config).await?;
    let replayed = local.control.replay(tenant, id).await;
    local.close().await;
    Ok(replayed?)
}
