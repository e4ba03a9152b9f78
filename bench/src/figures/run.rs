//! The run over all groups.

use super::bench::Bench;
use super::{cost, growth, ingest, memory, overhead, start, turns};
use crate::machine::Machine;
use crate::options::{Database, Group, Options};
use crate::progress;
use crate::report::Report;
use crate::stage::release_binary;
use anyhow::Context as _;
use std::io::Write as _;
use tokio::time::Instant;

/// Measures what is asked for, prints the table, and writes the JSON.
///
/// # Errors
/// If the binary does not build, or the report cannot be written. A group that fails is part of
/// the report.
pub async fn run(options: &Options) -> anyhow::Result<()> {
    let began = Instant::now();
    let binary = if let Some(binary) = &options.binary {
        std::path::absolute(binary)?
    } else {
        progress::say("building the release binary");
        release_binary().await?
    };
    let machine = Machine::look().await?;
    progress::say(&machine.to_string());
    let mut bench = Bench { options, binary, figures: Vec::new() };
    let mut failures = Vec::new();
    for group in [Group::P1, Group::P2, Group::P11, Group::P3, Group::P5, Group::P6, Group::P10] {
        if !options.wants(group) {
            continue;
        }
        let failed = measure(&mut bench, group).await;
        for failure in failed {
            progress::say(&format!("not measured: {failure}"));
            failures.push(failure);
        }
    }
    let report = Report { machine, quick: options.quick, figures: bench.figures, failures };
    if let Some(path) = &options.json {
        let json = serde_json::to_string_pretty(&report)?;
        std::fs::write(path, json + "\n")
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    writeln!(std::io::stdout().lock(), "{}", report.to_table())?;
    progress::say(&format!("took {:.0} s", began.elapsed().as_secs_f64()));
    Ok(())
}

/// Measures a group on every database that it is about; returns what failed.
async fn measure(bench: &mut Bench<'_>, group: Group) -> Vec<String> {
    let mut failures = Vec::new();
    for database in databases(bench.options, group) {
        progress::say(&format!("{group:?} on {}", database.name()));
        let measured = match group {
            Group::P1 => ingest::measure(bench, database).await,
            Group::P2 => turns::measure(bench, database).await,
            Group::P3 => overhead::measure(bench, database).await,
            Group::P5 => memory::measure(bench).await,
            Group::P6 => start::measure(bench, database).await,
            Group::P10 => growth::measure(bench).await,
            Group::P11 => cost::measure(bench).await,
        };
        if let Err(error) = measured {
            failures.push(format!("{group:?} on {}: {error:#}", database.name()));
        }
    }
    failures
}

/// Memory is measured on the embedded default; growth and statements are promised of PostgreSQL.
fn databases(options: &Options, group: Group) -> Vec<Database> {
    let about: &[Database] = match group {
        Group::P5 => &[Database::Sqlite],
        Group::P10 | Group::P11 => &[Database::Postgres],
        Group::P1 | Group::P2 | Group::P3 | Group::P6 => &[Database::Postgres, Database::Sqlite],
    };
    about.iter().copied().filter(|database| options.uses(*database)).collect()
}

#[cfg(test)]
mod tests {
    use super::databases;
    use crate::options::{Database, Group, Options};
    use clap::Parser as _;

    #[test]
    fn a_group_runs_only_on_what_it_is_about() {
        let sqlite = Options::try_parse_from(["bench", "--database", "sqlite"]).unwrap();
        assert_eq!(databases(&sqlite, Group::P10), []);
        assert_eq!(databases(&sqlite, Group::P5), [Database::Sqlite]);
        let both = Options::try_parse_from(["bench"]).unwrap();
        assert_eq!(databases(&both, Group::P2).len(), 2);
    }
}
