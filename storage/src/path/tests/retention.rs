//! Forgetting on purpose.

use crate::fixture::{Fixture, postgres, sqlite_file};
use rookery_domain::Timestamp;
use rookery_domain::id::InboxId;
use rookery_domain::inbox::{Appended, NewInbound, Outcome, Purge};
use rookery_domain::ports::{Inbox, Ownership, Retention, StoreError};
use rookery_domain::testing::store_suite::scene::{Scene, settle, settled};

async fn purge_all(fixture: &Fixture, scene: &Scene<'_>, purge: Purge) -> u32 {
    let mut steps = 0;
    let mut after = None;
    loop {
        steps += 1;
        let step = fixture.store.purge(&scene.lease, Purge { after, ..purge });
        after = step.await.unwrap();
        if after.is_none() {
            return steps;
        }
    }
}

async fn purge_forgets_payloads_first_and_keys_later(fixture: &Fixture) {
    let scene = Scene::set(fixture).await.unwrap();
    let store = &fixture.store;
    let rows: Vec<NewInbound> = (0..20_i64)
        .map(|day| NewInbound {
            received_at: Timestamp::from_millis(day * 1_000),
            ..scene.inbound(&format!("update-{day}"))
        })
        .collect();
    for row in &rows {
        store.append(row.clone()).await.unwrap();
    }
    let ids: Vec<InboxId> = rows.iter().map(|row| row.id).collect();
    // Number 3 still waits, number 7 is a dead letter.
    for (index, id) in ids.iter().enumerate().filter(|(index, _)| *index != 3) {
        let outcome = if index == 7 { Outcome::Dead } else { Outcome::Answered };
        let done = settle(vec![settled(*id, outcome)]);
        store.settle(&scene.lease, done).await.unwrap();
    }
    let limits = Purge {
        raw_before: Timestamp::from_millis(10_000),
        rows_before: Timestamp::from_millis(5_000),
        step_rows_max: 3,
        after: None,
    };
    let steps = purge_all(fixture, &scene, limits).await;
    assert!((4..=6).contains(&steps), "{steps} steps");
    for (index, id) in ids.iter().enumerate() {
        let found = store.find(scene.tenant, *id).await.unwrap();
        match index {
            3 => assert_eq!(found.unwrap().inbound, rows[3], "a waiting row is never touched"),
            0..5 => assert_eq!(found, None),
            5..10 => assert!(found.unwrap().inbound.raw.is_empty()),
            _ => assert_eq!(found.unwrap().inbound, rows[index]),
        }
    }
    assert!(!store.replay(scene.tenant, ids[7]).await.unwrap());
    let known = store.append(scene.inbound("update-5")).await.unwrap();
    assert_eq!(known, Appended::Duplicate(ids[5]));
    let forgotten = store.append(scene.inbound("update-0")).await.unwrap();
    assert_eq!(forgotten, Appended::Stored);

    store.claim(scene.tenant).await.unwrap();
    let stale = store.purge(&scene.lease, limits);
    assert!(matches!(stale.await, Err(StoreError::Fenced(_))));
}

#[tokio::test]
async fn purge_forgets_payloads_first_and_keys_later_on_sqlite() {
    purge_forgets_payloads_first_and_keys_later(&sqlite_file().await).await;
}

#[tokio::test]
async fn purge_forgets_payloads_first_and_keys_later_on_postgres() {
    purge_forgets_payloads_first_and_keys_later(&postgres().await).await;
}
