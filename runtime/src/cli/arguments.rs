//! What can be typed.

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use rookery_control::DeadLetterId;
use std::path::PathBuf;

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  failed; one line says what and how to fix it
  2  what was given is wrong; one line per fault

Configuration: --config FILE, else $ROOKERY_CONFIG, else ./rookery.toml, else the defaults; every
key can come from the environment as ROOKERY__SECTION__KEY.";

/// Chat bots for many tenants, with a durable message path.
#[derive(Debug, Parser)]
#[command(name = "rookery", version, after_help = EXIT_CODES)]
pub(super) struct Arguments {
    /// The configuration file.
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Runs the bots until it is asked to stop (SIGTERM or SIGINT).
    Serve,
    /// Makes a tenant what a file says, as often as it is run, and prints its ids as JSON.
    ///
    /// Secrets named by the file are read by this process. A running server of the same data
    /// directory takes the change at once; without one it is written to the database directly.
    Apply {
        /// The file, TOML; `-` reads standard input.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Checks this installation and names what is wrong and how to fix it.
    Doctor {
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// Checks or shows the configuration.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Brings the database's schema up to date.
    Migrate,
    /// Makes API keys.
    Key {
        #[command(subcommand)]
        command: KeyCommand,
    },
    /// Lists and replays messages that could not be processed, and replies that could not be sent.
    DeadLetters {
        #[command(subcommand)]
        command: DeadLettersCommand,
    },
    /// Prints a completion script for a shell.
    Completions {
        /// Which shell.
        shell: Shell,
    },
}

/// `rookery config …`
#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Reports every fault, unknown keys included.
    Check,
    /// Prints what is in force, secrets masked.
    Show,
}

/// `rookery key …`
#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Makes a key and prints its text, this one time, as JSON.
    ///
    /// A later `rookery apply` for the tenant revokes keys that its file does not name.
    Create(KeyCreate),
}

/// `rookery key create`
#[derive(Debug, Args)]
pub(super) struct KeyCreate {
    /// The key's name within the tenant: a-z, 0-9 and -.
    pub(super) slug: String,
    /// Which tenant, by its slug.
    #[arg(long, default_value = "default")]
    pub(super) tenant: String,
    /// What the key may do: chat, read, admin.
    #[arg(long, value_delimiter = ',', default_value = "chat")]
    pub(super) scopes: Vec<String>,
}

/// `rookery dead-letters …`
#[derive(Debug, Subcommand)]
pub(super) enum DeadLettersCommand {
    /// Lists them, newest first within each tenant, as JSON; never what was said.
    List {
        /// Only this tenant's, by its slug.
        #[arg(long)]
        tenant: Option<String>,
        /// At most this many.
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Has one processed or sent again, once.
    ///
    /// A reply is sent as it is, even where later ones of its conversation have been sent.
    Replay {
        /// Its id: `run_…` of a message, `out_…` of a reply.
        id: DeadLetterId,
        /// Only among this tenant's, by its slug.
        #[arg(long)]
        tenant: Option<String>,
    },
}
