//! The kill suite as a command: `kill_suite --database postgres --rounds 20 --random 100`.
//!
//! Progress goes to stderr, the table to stdout, the verdict as JSON to a file. The exit code is 1
//! when a promise is broken.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the output of a command")]

use anyhow::Context as _;
use clap::{Parser, ValueEnum};
use rookery_domain::kill_point::KillPoint;
use rookery_tests::kill::{Options, Outcome, run};
use rookery_tests::system::Database;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Store {
    Sqlite,
    Postgres,
}

/// Kills the process at every named point of a message's path and judges what people saw.
#[derive(Debug, Parser)]
struct Arguments {
    /// On which database; both, one after the other, when left out.
    #[arg(long)]
    database: Option<Store>,
    /// Kills at each point.
    #[arg(long, default_value_t = 20)]
    rounds: u32,
    /// Kills at random moments.
    #[arg(long, default_value_t = 100)]
    random: u32,
    /// Messages in all.
    #[arg(long, default_value_t = 5_000)]
    messages: u64,
    /// Only at these points, for instance `K4,K8`.
    #[arg(long, value_delimiter = ',')]
    points: Vec<String>,
    /// Repeats a run.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The bot stays silent after a send of unknown outcome.
    #[arg(long)]
    stay_silent: bool,
    /// Where histories and verdicts are written.
    #[arg(long, default_value = "target/kill-suite")]
    output: PathBuf,
}

impl Arguments {
    fn options(&self, database: Database) -> anyhow::Result<Options> {
        let mut points = Vec::new();
        for name in &self.points {
            let point = KillPoint::ALL
                .into_iter()
                .find(|point| point.name() == name)
                .with_context(|| format!("{name} is not a kill point"))?;
            points.push(point);
        }
        if points.is_empty() {
            points.extend(KillPoint::ALL);
        }
        Ok(Options {
            points,
            rounds: self.rounds,
            random: self.random,
            messages: self.messages,
            seed: self.seed,
            stay_silent: self.stay_silent,
            ..Options::quick(database)
        })
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    std::fs::create_dir_all(&arguments.output)?;
    let databases = match arguments.database {
        Some(Store::Sqlite) => vec![Database::Sqlite],
        Some(Store::Postgres) => vec![Database::Postgres],
        None => Database::ALL.to_vec(),
    };
    let mut good = true;
    for database in databases {
        let options = arguments.options(database)?;
        let history = arguments.output.join(format!("{}.jsonl", database.name()));
        let outcome = run(&options, &history, &|line| {
            eprintln!("{}: {line}", database.name());
        })
        .await?;
        let file = arguments.output.join(format!("{}.json", database.name()));
        std::fs::write(&file, serde_json::to_string_pretty(&outcome)?)?;
        show(&outcome);
        good &= outcome.violations.is_empty();
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn show(outcome: &Outcome) {
    let report = &outcome.report;
    let kills: usize = report.kills.values().sum();
    println!("kill suite on {} (seed {})", outcome.database, outcome.seed);
    println!("  kills            {kills} {:?}", report.kills);
    println!(
        "  messages         {} submitted, {} acknowledged, {} answered ({} %)",
        report.submitted,
        report.acknowledged,
        report.answered,
        report.answered_percent()
    );
    println!("  lost             {}", report.lost.len());
    println!("  silent           {} (declared)", report.silent.len());
    let declared = report.duplicated.iter().all(|found| found.declared);
    println!(
        "  repeated         {} copies of {} answers (all declared: {declared}, longest send window {} ms)",
        report.repeats(),
        report.duplicated.len(),
        report.window_ms_max()
    );
    println!("  reordered        {}", report.reordered.len());
    println!("  recovered        {}", report.recovered.len());
    println!("  unexpected       {}", report.unexpected.len());
    println!("  fragments        {}", report.fragments);
    println!(
        "  slowest start    {} ms, slowest acknowledgement {} ms, {} s in all",
        report.ready_ms_max,
        outcome.acknowledgement_ms_max,
        outcome.took_ms / 1000
    );
    for violation in &outcome.violations {
        println!("  VIOLATION        {violation}");
    }
}
