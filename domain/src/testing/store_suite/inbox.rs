//! Inbound rows.

use super::scene::{NOON, Scene, settle, settled};
use super::{StoreFixture, Verdict};
use crate::id::{ConnectionId, InboxId};
use crate::inbox::{Appended, Outcome, Settlement};
use crate::ports::{Inbox, StoreError};
use bytes::Bytes;
use futures::future::try_join_all;
use std::collections::HashSet;

/// Any bytes come back as they were sent.
pub async fn an_appended_row_waits_with_its_bytes(fixture: &dyn StoreFixture) -> Verdict {
    let scene = Scene::set(fixture).await?;
    let mut row = scene.inbound("update-1");
    row.raw = Bytes::from((0..=255_u8).cycle().take(70_000).collect::<Vec<u8>>());
    assert_eq!(scene.store.append(row.clone()).await?, Appended::Stored);
    let waiting = scene.store.undone(scene.tenant, None, 10).await?;
    assert_eq!(waiting.len(), 1);
    let found = scene.store.find(scene.tenant, row.id).await?;
    let found = found.ok_or_else(|| StoreError::NotFound(row.id.to_string()))?;
    assert_eq!(found.inbound, row);
    assert_eq!((found.attempts, found.outcome), (0, None));
    Ok(())
}

/// The same key twice, and the same write twice.
pub async fn a_redelivery_names_the_first_row(fixture: &dyn StoreFixture) -> Verdict {
    let scene = Scene::set(fixture).await?;
    let first = scene.inbound("update-1");
    scene.store.append(first.clone()).await?;
    let again = scene.store.append(scene.inbound("update-1")).await?;
    assert_eq!(again, Appended::Duplicate(first.id));
    let repeated = scene.store.append(first.clone()).await?;
    assert_eq!(repeated, Appended::Stored, "a repeat of the write itself");
    scene.store.settle(&scene.lease, settle(vec![settled(first.id, Outcome::Command)])).await?;
    let late = scene.store.append(scene.inbound("update-1")).await?;
    assert_eq!(late, Appended::Duplicate(first.id), "after it was done too");
    assert!(scene.store.undone(scene.tenant, None, 10).await?.is_empty());
    Ok(())
}

/// Redeliveries at the same moment.
pub async fn a_burst_of_one_key_is_stored_once(fixture: &dyn StoreFixture) -> Verdict {
    let scene = Scene::set(fixture).await?;
    let rows: Vec<_> =
        (0..60).map(|index| scene.inbound(&format!("update-{}", index % 4))).collect();
    let ids: Vec<InboxId> = rows.iter().map(|row| row.id).collect();
    let answers = try_join_all(rows.into_iter().map(|row| scene.store.append(row))).await?;
    let stored: HashSet<InboxId> = ids
        .iter()
        .zip(&answers)
        .filter(|(_, answer)| **answer == Appended::Stored)
        .map(|(id, _)| *id)
        .collect();
    assert_eq!(stored.len(), 4);
    for answer in answers {
        if let Appended::Duplicate(first) = answer {
            assert!(stored.contains(&first));
        }
    }
    let waiting = scene.store.undone(scene.tenant, None, 100).await?;
    assert_eq!(waiting.len(), 4);
    Ok(())
}

/// Two bots may see the same number.
pub async fn a_key_is_unique_within_its_connection_only(fixture: &dyn StoreFixture) -> Verdict {
    let scene = Scene::set(fixture).await?;
    let neighbour = Scene::join(fixture).await?;
    scene.store.append(scene.inbound("update-1")).await?;
    let mut other_connection = scene.inbound("update-1");
    other_connection.connection_id = ConnectionId::generate(fixture.ids());
    assert_eq!(scene.store.append(other_connection).await?, Appended::Stored);
    let mut other_tenant = neighbour.inbound("update-1");
    other_tenant.connection_id = scene.connection;
    assert_eq!(scene.store.append(other_tenant).await?, Appended::Stored);
    Ok(())
}

/// Every outcome is kept; the first one counts.
pub async fn a_settled_row_waits_no_longer(fixture: &dyn StoreFixture) -> Verdict {
    let scene = Scene::set(fixture).await?;
    for outcome in Outcome::ALL {
        let id = scene.arrive(outcome.as_str()).await?;
        let first = settle(vec![settled(id, outcome)]);
        scene.store.settle(&scene.lease, first).await?;
        let second = settle(vec![settled(id, Outcome::Ignored)]);
        scene.store.settle(&scene.lease, second).await?;
        let found = scene.store.find(scene.tenant, id).await?;
        assert_eq!(found.map(|row| (row.outcome, row.done_at)), Some((Some(outcome), Some(NOON))));
    }
    assert!(scene.store.undone(scene.tenant, None, 10).await?.is_empty());
    Ok(())
}

/// Pages follow each other without a gap.
pub async fn waiting_rows_come_in_pages(fixture: &dyn StoreFixture) -> Verdict {
    let scene = Scene::set(fixture).await?;
    let mut expected = Vec::new();
    for index in 0..7 {
        expected.push(scene.arrive(&format!("update-{index}")).await?);
    }
    let mut seen = Vec::new();
    loop {
        let page = scene.store.undone(scene.tenant, seen.last().copied(), 3).await?;
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 3);
        seen.extend(page.iter().map(|row| row.inbound.id));
    }
    assert_eq!(seen, expected);
    Ok(())
}

/// Newest first, page by page; a replay is one effect.
pub async fn a_dead_letter_is_listed_and_replayed_once(fixture: &dyn StoreFixture) -> Verdict {
    let scene = Scene::set(fixture).await?;
    let mut dead = Vec::new();
    for index in 0..3 {
        let id = scene.arrive(&format!("update-{index}")).await?;
        scene.store.count_attempt(&scene.lease, id).await?;
        let buried = Settlement {
            id,
            outcome: Outcome::Dead,
            error: Some("it crashed three times".to_owned()),
        };
        scene.store.settle(&scene.lease, settle(vec![buried])).await?;
        dead.push(id);
    }
    dead.reverse();
    let page = Inbox::dead_letters(scene.store, scene.tenant, None, 2).await?;
    let ids: Vec<_> = page.iter().map(|row| row.inbound.id).collect();
    assert_eq!(ids, dead[..2]);
    assert_eq!(page[0].error.as_deref(), Some("it crashed three times"));
    let rest = Inbox::dead_letters(scene.store, scene.tenant, ids.last().copied(), 2).await?;
    assert_eq!(rest.len(), 1);
    assert!(scene.store.quiesce(&scene.lease).await?, "nothing is left to do");

    assert!(Inbox::replay(scene.store, scene.tenant, dead[0]).await?);
    assert!(!Inbox::replay(scene.store, scene.tenant, dead[0]).await?);
    let waiting = scene.store.undone(scene.tenant, None, 10).await?;
    assert_eq!(waiting.len(), 1);
    assert_eq!((waiting[0].attempts, &waiting[0].error), (0, &None));
    let awake = scene.store.awake(far_future(), None, 10).await?;
    assert_eq!(awake, [scene.tenant]);
    Ok(())
}

fn far_future() -> crate::Timestamp {
    crate::Timestamp::from_millis(i64::MAX)
}

/// One by one.
pub async fn crashes_are_counted(fixture: &dyn StoreFixture) -> Verdict {
    let scene = Scene::set(fixture).await?;
    let id = scene.arrive("update-1").await?;
    for expected in 1..=3 {
        let counted = scene.store.count_attempt(&scene.lease, id).await?;
        assert_eq!(counted, expected);
    }
    let unknown = InboxId::generate(fixture.ids());
    let missing = scene.store.count_attempt(&scene.lease, unknown).await;
    assert!(matches!(missing, Err(StoreError::NotFound(_))));
    Ok(())
}

/// A foreign id is not there, whoever asks and however.
pub async fn another_tenant_sees_nothing(fixture: &dyn StoreFixture) -> Verdict {
    let scene = Scene::set(fixture).await?;
    let stranger = Scene::join(fixture).await?;
    let (begin, _) = scene.converse("chat").await?;
    let row = scene.arrive("update-2").await?;
    let store = scene.store;
    let (own, turn) = (begin.session.id, begin.turn.id);
    assert!(store.session(scene.tenant, own).await?.is_some());
    assert!(store.session(stranger.tenant, own).await?.is_none());
    assert!(store.find(stranger.tenant, row).await?.is_none());
    assert!(store.undone(stranger.tenant, None, 9).await?.is_empty());
    assert!(store.history(stranger.tenant, own, 9).await?.is_empty());
    assert!(store.of_turn(stranger.tenant, turn).await?.is_empty());
    assert!(store.of_session(stranger.tenant, own, 0, 9).await?.is_empty());
    assert!(store.unsettled(stranger.tenant, None, 9).await?.is_empty());
    assert_eq!(store.day(stranger.tenant, NOON).await?.tokens, 0);

    let foreign = settle(vec![settled(row, Outcome::Ignored)]);
    store.settle(&stranger.lease, foreign).await?;
    let found = store.find(scene.tenant, row).await?;
    assert_eq!(found.and_then(|row| row.outcome), None);
    assert!(!Inbox::replay(store, stranger.tenant, row).await?);
    Ok(())
}
