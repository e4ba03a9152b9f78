//! Every named limit of the queue, at the limit.

use crate::database::DatabaseSettings;
use crate::fixture::Fixture;
use futures::future::join_all;
use rookery_domain::inbox::Appended;
use rookery_domain::ports::{Inbox, StoreError};
use rookery_domain::testing::store_suite::scene::Scene;

fn settings() -> DatabaseSettings {
    DatabaseSettings::new("sqlite::memory:")
}

/// On a single-threaded runtime all of a `join_all` is queued before the lane gets its turn.
async fn burst(fixture: &Fixture, sizes: &[usize]) -> Vec<Result<Appended, StoreError>> {
    let scene = Scene::set(fixture).await.unwrap();
    let rows: Vec<_> = sizes
        .iter()
        .enumerate()
        .map(|(index, size)| {
            let mut row = scene.inbound(&format!("update-{index}"));
            row.raw = vec![0; *size].into();
            row
        })
        .collect();
    join_all(rows.into_iter().map(|row| fixture.store.append(row))).await
}

fn stored(answers: &[Result<Appended, StoreError>]) -> Vec<bool> {
    answers
        .iter()
        .map(|answer| match answer {
            Ok(Appended::Stored) => true,
            Err(StoreError::Full) => false,
            other => panic!("{other:?}"),
        })
        .collect()
}

#[tokio::test]
async fn a_full_queue_refuses_and_then_takes_again() {
    let fixture = Fixture::over(DatabaseSettings { queue_ops_max: 4, ..settings() }).await;
    let answers = burst(&fixture, &[1; 6]).await;
    assert_eq!(stored(&answers), [true, true, true, true, false, false]);
    assert_eq!(stored(&burst(&fixture, &[1; 4]).await), [true; 4]);
}

#[tokio::test]
async fn waiting_bytes_are_limited_and_given_back() {
    let fixture = Fixture::over(DatabaseSettings { queue_bytes_max: 100, ..settings() }).await;
    let answers = burst(&fixture, &[60, 40, 1, 0]).await;
    assert_eq!(stored(&answers), [true, true, false, true]);
    assert_eq!(stored(&burst(&fixture, &[100]).await), [true]);
    // What alone is larger than the limit still passes when nothing waits: ingress has its own.
    assert_eq!(stored(&burst(&fixture, &[500, 1]).await), [true, false]);
}

#[tokio::test]
async fn a_batch_holds_no_more_than_its_limit() {
    let fixture = Fixture::over(DatabaseSettings { batch_ops_max: 4, ..settings() }).await;
    let before = fixture.store.statements_run();
    stored(&burst(&fixture, &[1; 8]).await);
    // Two batches of: begin, inbox rows, wake marks, commit.
    assert_eq!(fixture.store.statements_run() - before, 8);
}
