//! Log lines on standard error: pretty on a terminal, JSON otherwise. Standard output is for results.
//!
//! Fields are shared by all crates and dotted: `tenant.id agent.id session.id message.id
//! channel.kind connection.id node.id`, and `gen_ai.*`. Message texts, tokens and addresses are
//! never logged.

use crate::config::{LogConfig, LogFormat};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// What a short command logs: warnings, in the form that suits where they go.
pub(crate) fn install_for_command() {
    install(&LogConfig { format: LogFormat::Auto, filter: "warn".to_owned() });
}

/// Sets up logging for this process. A second call does nothing.
pub(crate) fn install(config: &LogConfig) {
    let filter = EnvFilter::builder().parse_lossy(&config.filter);
    let pretty = match config.format {
        LogFormat::Auto => std::io::stderr().is_terminal(),
        LogFormat::Pretty => true,
        LogFormat::Json => false,
    };
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let installed = if pretty {
        subscriber.with_ansi(std::io::stderr().is_terminal()).try_init()
    } else {
        subscriber
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .try_init()
    };
    if let Err(error) = installed {
        tracing::debug!(%error, "logging was set up before");
    }
}
