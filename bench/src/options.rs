//! The command line.

use std::path::PathBuf;
use std::time::Duration;

/// Measures the promised figures, each beside its ceiling, and prints a table.
///
/// The figures: p1 ingest, p2 turns, p3 overhead, p5 memory, p6 start, p10 growth, p11 cost of a
/// turn. PostgreSQL comes from the system's packages, as a private server in a temporary directory.
#[derive(Debug, clap::Parser)]
#[command(name = "rookery-bench", version)]
pub struct Options {
    /// Only these figures, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "FIGURES")]
    pub only: Vec<Group>,
    /// On which database.
    #[arg(long, value_enum, default_value_t = Databases::Both)]
    pub database: Databases,
    /// Length of one measured window, in seconds.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=60))]
    pub seconds: Option<u64>,
    /// Conversations at the same time.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub sessions: u32,
    /// Also writes the figures as JSON to this file.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Short windows, one repetition, small amounts: a look in a few minutes, not figures to quote.
    #[arg(long)]
    pub quick: bool,
    /// Measures this binary instead of building one.
    #[arg(long, value_name = "FILE")]
    pub binary: Option<PathBuf>,
    /// What a measurement starts as its ceiling.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What the program does besides measuring.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Serves as a ceiling until it is killed.
    #[command(hide = true)]
    Ceiling(CeilingOptions),
}

/// Which ceiling, over what.
#[derive(Debug, Clone, clap::Args)]
pub struct CeilingOptions {
    /// What it does with an update.
    #[arg(long, value_enum)]
    pub kind: CeilingKind,
    /// The database's URL.
    #[arg(long)]
    pub url: String,
    /// The tenant's id, as a UUID.
    #[arg(long)]
    pub tenant: uuid::Uuid,
    /// The base URL of platform and model.
    #[arg(long)]
    pub outside: String,
}

/// What a ceiling does with an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum CeilingKind {
    /// Stores it.
    Ingest,
    /// Stores it, and its outcome afterwards.
    Settle,
    /// Answers it.
    Turns,
}

impl CeilingKind {
    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Settle => "settle",
            Self::Turns => "turns",
        }
    }
}

/// Figures that are measured together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Group {
    /// Durable acknowledgements.
    P1,
    /// Durable turns.
    P2,
    /// Time added to the model's.
    P3,
    /// Memory.
    P5,
    /// Start.
    P6,
    /// Growth.
    P10,
    /// CPU and statements of a turn.
    P11,
}

/// The databases to measure on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Databases {
    /// SQLite only.
    Sqlite,
    /// PostgreSQL only.
    Postgres,
    /// One after the other.
    Both,
}

/// One database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// A file in a temporary directory.
    Sqlite,
    /// A private server.
    Postgres,
}

impl Database {
    /// For people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

impl Options {
    /// Whether a group is asked for.
    pub fn wants(&self, group: Group) -> bool {
        self.only.is_empty() || self.only.contains(&group)
    }

    /// The databases asked for.
    pub const fn databases(&self) -> &'static [Database] {
        match self.database {
            Databases::Sqlite => &[Database::Sqlite],
            Databases::Postgres => &[Database::Postgres],
            Databases::Both => &[Database::Postgres, Database::Sqlite],
        }
    }

    /// Whether a database is asked for.
    pub fn uses(&self, database: Database) -> bool {
        self.databases().contains(&database)
    }

    /// Length of one measured window.
    pub fn window(&self) -> Duration {
        let usual = if self.quick { 1 } else { 4 };
        Duration::from_secs(self.seconds.unwrap_or(usual))
    }

    /// How often a cheap measurement is repeated; the median counts.
    pub const fn repetitions(&self) -> usize {
        if self.quick { 1 } else { 3 }
    }
}

#[cfg(test)]
mod tests {
    use super::{Database, Group, Options};
    use clap::{CommandFactory as _, Parser as _};

    #[test]
    fn the_command_line_is_consistent() {
        Options::command().debug_assert();
    }

    #[test]
    fn without_a_choice_everything_is_measured() {
        let all = Options::try_parse_from(["bench"]).unwrap();
        assert!(all.wants(Group::P1) && all.wants(Group::P11));
        assert!(all.uses(Database::Sqlite) && all.uses(Database::Postgres));
        let some =
            Options::try_parse_from(["bench", "--only", "p2,p11", "--database", "sqlite"]).unwrap();
        assert!(some.wants(Group::P2) && !some.wants(Group::P1));
        assert!(!some.uses(Database::Postgres));
    }
}
