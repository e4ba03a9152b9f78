//! The kill suite in small, for every change; `make kill` runs the whole of it.

use rookery_tests::kill::{Options, run};
use rookery_tests::system::Database;

on_both_databases!(nothing_is_lost_doubled_or_reordered_by_kills_at_every_point);

async fn nothing_is_lost_doubled_or_reordered_by_kills_at_every_point(database: Database) {
    // Kept with the process's log when a promise is broken, so that it can be looked into.
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let name = format!("kill-suite-{}-{}.jsonl", database.name(), std::process::id());
    let history = directory.join(name);
    let options = Options::quick(database);
    let outcome = run(&options, &history, &|_progress| {}).await.unwrap();
    assert_eq!(outcome.violations, [""; 0], "{outcome:#?}");
    assert!(outcome.report.answered_percent() >= 95, "{outcome:#?}");
    assert_eq!(outcome.report.kills.values().sum::<usize>(), 20);
    for file in [history.with_extension("log"), history] {
        std::fs::remove_file(file).unwrap();
    }
}
