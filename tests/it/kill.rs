//! The kill suite in small, for every change; `make kill` runs the whole of it.

use rookery_tests::kill::{Options, run};
use rookery_tests::system::Database;

on_both_databases!(nothing_is_lost_doubled_or_reordered_by_kills_at_every_point);

async fn nothing_is_lost_doubled_or_reordered_by_kills_at_every_point(database: Database) {
    let directory = tempfile::tempdir().unwrap();
    let history = directory.path().join("history.jsonl");
    let options = Options::quick(database);
    let outcome = run(&options, &history, &|_progress| {}).await.unwrap();
    assert_eq!(outcome.violations, [""; 0], "{outcome:#?}");
    assert!(outcome.report.answered_percent() >= 95, "{outcome:#?}");
    assert_eq!(outcome.report.kills.values().sum::<usize>(), 20);
}
