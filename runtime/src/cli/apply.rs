//! `rookery apply`

use super::failure::Failure;
use super::local::LocalControl;
use crate::admin::AdminClient;
use crate::config::{Config, Environment};
use crate::output;
use crate::wiring;
use anyhow::Context;
use rookery_control::spec::APPLY_FILE_BYTES_MAX;
use rookery_control::{Known, Outcome, SecretSources, TenantSpec, parse};
use rookery_domain::Secret;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Greatest size of a file that holds a secret, in bytes.
const SECRET_FILE_BYTES_MAX: u64 = 64 * 1024;
/// Stands for standard input.
const STANDARD_INPUT: &str = "-";

/// Reads the file with its secrets, makes it so, and prints the ids.
pub(super) async fn run(
    config: Config,
    environment: Environment,
    file: PathBuf,
) -> Result<ExitCode, Failure> {
    let text = read(&file)?;
    let catalogue = wiring::catalogue(&config)?;
    let tools = wiring::tool_names();
    let known = Known { channels: catalogue.as_ref(), tools: &tools };
    let sources = ProcessSecrets {
        environment,
        directory: file.parent().map(Path::to_owned).unwrap_or_default(),
    };
    let spec = parse(&text, known, &sources)?;
    let outcome = match AdminClient::find(&config).await? {
        Some(server) => server.apply(&spec).await?,
        None => apply_here(&config, &spec).await?,
    };
    warn_of_unknown_providers(&config, &spec);
    for note in &outcome.notes {
        output::problem(note);
    }
    let printed = serde_json::to_string(&outcome.applied).map_err(Failure::failed)?;
    output::result(&printed);
    Ok(ExitCode::SUCCESS)
}

async fn apply_here(config: &Config, spec: &TenantSpec) -> Result<Outcome, Failure> {
    let local = LocalControl::open(config).await?;
    let outcome = local.control.apply(spec).await;
    local.close().await;
    Ok(outcome?)
}

fn read(file: &Path) -> Result<String, Failure> {
    let limit = u64::try_from(APPLY_FILE_BYTES_MAX).unwrap_or(u64::MAX) + 1;
    let mut text = String::new();
    let done = if file.as_os_str() == STANDARD_INPUT {
        std::io::stdin().take(limit).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|opened| opened.take(limit).read_to_string(&mut text))
    };
    done.with_context(|| format!("cannot read {}", file.display()))?;
    Ok(text)
}

/// A route to a provider that the configuration does not have is no fault of the tenant's file,
/// but it will not answer.
fn warn_of_unknown_providers(config: &Config, spec: &TenantSpec) {
    let has = |name: &str| {
        let mut providers = config.llm.router.providers.iter();
        providers.any(|provider| provider.name == name)
    };
    for agent in &spec.agents {
        for model in agent.profile.roles.values().flatten() {
            if !has(&model.provider) {
                output::problem(&format!(
                    "agent `{}`: `{model}` needs a provider `{}` in the configuration (llm.providers)",
                    agent.slug, model.provider
                ));
            }
        }
    }
}

/// Secrets as this process can read them.
struct ProcessSecrets {
    environment: Environment,
    directory: PathBuf,
}

impl SecretSources for ProcessSecrets {
    fn env(&self, name: &str) -> Option<Secret> {
        self.environment.get(name).cloned()
    }

    fn file(&self, path: &str) -> Result<Secret, String> {
        let mut text = String::new();
        let file = std::fs::File::open(self.directory.join(path)).map_err(|e| e.to_string())?;
        file.take(SECRET_FILE_BYTES_MAX + 1)
            .read_to_string(&mut text)
            .map_err(|error| error.to_string())?;
        Ok(Secret::new(text.trim_end_matches(['\r', '\n'])))
    }
}
