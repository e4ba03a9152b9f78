//! `[log]`: what goes to standard error, and how.

use super::keys::Keys;
use tracing_subscriber::EnvFilter;

/// What log lines look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Pretty on a terminal, JSON otherwise.
    Auto,
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// What goes to standard error, and how.
#[derive(Debug, Clone)]
pub struct LogConfig {
    /// What lines look like.
    pub format: LogFormat,
    /// Which are written, in `tracing`'s filter syntax.
    pub filter: String,
}

impl LogConfig {
    pub(super) fn read(keys: &mut Keys<'_>) -> Self {
        let words =
            [("auto", LogFormat::Auto), ("pretty", LogFormat::Pretty), ("json", LogFormat::Json)];
        let config = Self {
            format: keys.word("log.format", &words, LogFormat::Auto),
            filter: keys.read("log.filter"),
        };
        if let Err(error) = config.filter.parse::<EnvFilter>() {
            keys.faults.push("log.filter", error.to_string());
        }
        config
    }
}
