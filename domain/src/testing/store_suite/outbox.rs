//! Outbound rows.

use super::scene::{NOON, Scene, settle};
use super::{StoreFixture, Verdict};
use crate::Timestamp;
use crate::id::OutboxId;
use crate::outbox::{OutboxChange, OutboxRow, OutboxStatus, OutboxStep};
use crate::ports::{Outbox, StoreError};
use crate::turn::InboxSettle;
use std::time::Duration;

async fn pending(scene: &Scene<'_>, rows: Vec<OutboxRow>) -> Verdict {
    let outbox = InboxSettle { outbox: rows, ..settle(Vec::new()) };
    scene.store.settle(&scene.lease, outbox).await
}

async fn change(scene: &Scene<'_>, id: OutboxId, step: OutboxStep) -> Verdict {
    let change = OutboxChange { id, step };
    scene.store.change(&scene.lease, change, NOON).await
}

async fn read(scene: &Scene<'_>, row: &OutboxRow) -> Result<OutboxRow, StoreError> {
    let rows = scene.store.of_session(scene.tenant, row.session_id, row.seq - 1, 1).await?;
    rows.into_iter().next().ok_or_else(|| StoreError::NotFound(row.id.to_string()))
}

fn sent(id: &str) -> OutboxStep {
    OutboxStep::Sent { platform_message_id: Some(id.to_owned()) }
}

/// Pending, sending, sent; a repeat of either step changes nothing.
pub async fn a_row_is_sent_once(fixture: &dyn StoreFixture) -> Verdict {
    let scene = Scene::set(fixture).await?;
    let row = scene.outbox_row(scene.session("chat").id, 1);
    pending(&scene, vec![row.clone()]).await?;
    assert_eq!(read(&scene, &row).await?, row);
    for _ in 0..2 {
        change(&scene, row.id, OutboxStep::Sending).await?;
        let now = read(&scene, &row).await?;
        assert_eq!((now.status, now.attempts), (OutboxStatus::Sending, 1));
    }
    assert_eq!(scene.store.unsettled(scene.tenant, None, 9).await?.len(), 1);
    for _ in 0..2 {
        change(&scene, row.id, sent("m-1")).await?;
        let now = read(&scene, &row).await?;
        assert_eq!(now.status, OutboxStatus::Sent);
        assert_eq!(now.platform_message_id.as_deref(), Some("m-1"));
        assert_eq!(now.sent_at, Some(NOON));
    }
    assert!(scene.store.unsettled(scene.tenant, None, 9).await?.is_empty());
    Ok(())
}

/// With its reason and its time.
pub async fn a_row_that_failed_is_tried_again(fixture: &dyn StoreFixture) -> Verdict {
    let scene = Scene::set(fixture).await?;
    let row = scene.outbox_row(scene.session("chat").id, 1);
    pending(&scene, vec![row.clone()]).await?;
    let later = NOON.plus(Duration::from_secs(7));
    for attempt in 1..=3 {
        change(&scene, row.id, OutboxStep::Sending).await?;
        let retry = OutboxStep::Retry { at: later, error: "429".to_owned() };
        change(&scene, row.id, retry).await?;
        let now = read(&scene, &row).await?;
        assert_eq!((now.status, now.attempts), (OutboxStatus::Pending, attempt));
        assert_eq!(now.next_attempt_at, later);
        assert_eq!(now.error.as_deref(), Some("429"));
        assert!(!now.was_ambiguous);
    }
    let dead = OutboxStep::Dead { error: "blocked by the person".to_owned() };
    change(&scene, row.id, dead).await?;
    assert_eq!(read(&scene, &row).await?.status, OutboxStatus::Dead);
    Ok(())
}

/// And is marked either way.
pub async fn an_unknown_outcome_is_repeated_or_kept_silent(fixture: &dyn StoreFixture) -> Verdict {
    let scene = Scene::set(fixture).await?;
    let session = scene.session("chat").id;
    let rows = [scene.outbox_row(session, 1), scene.outbox_row(session, 2)];
    pending(&scene, rows.to_vec()).await?;
    for (row, resend_at) in rows.iter().zip([Some(NOON), None]) {
        change(&scene, row.id, OutboxStep::Sending).await?;
        for _ in 0..2 {
            let unknown = OutboxStep::Unknown { error: "cut off".to_owned(), resend_at };
            change(&scene, row.id, unknown).await?;
        }
        let now = read(&scene, row).await?;
        assert!(now.was_ambiguous);
        let expected =
            if resend_at.is_some() { OutboxStatus::Pending } else { OutboxStatus::Ambiguous };
        assert_eq!(now.status, expected);
    }
    change(&scene, rows[0].id, OutboxStep::Sending).await?;
    change(&scene, rows[0].id, sent("m-1")).await?;
    let now = read(&scene, &rows[0]).await?;
    assert_eq!((now.attempts, now.was_ambiguous), (2, true));
    Ok(())
}

/// Whoever tries is told.
pub async fn a_settled_row_is_never_sent_again(fixture: &dyn StoreFixture) -> Verdict {
    let scene = Scene::set(fixture).await?;
    let row = scene.outbox_row(scene.session("chat").id, 1);
    pending(&scene, vec![row.clone()]).await?;
    change(&scene, row.id, OutboxStep::Sending).await?;
    change(&scene, row.id, sent("m-1")).await?;
    let again = change(&scene, row.id, OutboxStep::Sending).await;
    assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
    let unknown = change(&scene, OutboxId::generate(fixture.ids()), OutboxStep::Sending).await;
    assert!(matches!(unknown, Err(StoreError::NotFound(_))));
    assert_eq!(read(&scene, &row).await?.attempts, 1);
    Ok(())
}

/// By sequence within a session, by id from page to page.
pub async fn rows_of_a_session_come_in_order(fixture: &dyn StoreFixture) -> Verdict {
    let scene = Scene::set(fixture).await?;
    let session = scene.session("chat").id;
    let rows: Vec<OutboxRow> = (1..=5).map(|seq| scene.outbox_row(session, seq)).collect();
    pending(&scene, rows.clone()).await?;
    let page = scene.store.of_session(scene.tenant, session, 2, 2).await?;
    assert_eq!(page, rows[2..4]);
    let first = scene.store.unsettled(scene.tenant, None, 3).await?;
    assert_eq!(first, rows[..3]);
    let rest = scene.store.unsettled(scene.tenant, Some(rows[2].id), 3).await?;
    assert_eq!(rest, rows[3..]);
    Ok(())
}

/// Newest first, page by page; a replay is one effect, and only on a row that was given up.
pub async fn a_row_given_up_is_listed_and_replayed_once(fixture: &dyn StoreFixture) -> Verdict {
    let scene = Scene::set(fixture).await?;
    let stranger = Scene::join(fixture).await?;
    let forever = Timestamp::from_millis(i64::MAX);
    let session = scene.session("chat").id;
    let rows: Vec<OutboxRow> = (1..=4).map(|seq| scene.outbox_row(session, seq)).collect();
    pending(&scene, rows.clone()).await?;
    for row in &rows {
        change(&scene, row.id, OutboxStep::Sending).await?;
        let end = if row.seq == 4 {
            sent("m-4")
        } else {
            OutboxStep::Dead { error: "blocked by the person".to_owned() }
        };
        change(&scene, row.id, end).await?;
    }
    let first = Outbox::dead_letters(scene.store, scene.tenant, None, 2).await?;
    let ids: Vec<_> = first.iter().map(|row| row.id).collect();
    assert_eq!(ids, [rows[2].id, rows[1].id]);
    assert_eq!((first[0].attempts, first[0].error.as_deref()), (1, Some("blocked by the person")));
    let rest = Outbox::dead_letters(scene.store, scene.tenant, ids.last().copied(), 2).await?;
    assert_eq!(rest.iter().map(|row| row.id).collect::<Vec<_>>(), [rows[0].id]);
    assert!(Outbox::dead_letters(scene.store, stranger.tenant, None, 9).await?.is_empty());
    assert!(scene.store.quiesce(&scene.lease).await?, "nothing is left to do");

    assert!(!Outbox::replay(scene.store, stranger.tenant, rows[0].id).await?, "another's");
    assert!(!Outbox::replay(scene.store, scene.tenant, rows[3].id).await?, "it was sent");
    assert!(
        scene.store.awake(forever, None, 9).await?.is_empty(),
        "what changes nothing wakes nobody"
    );
    assert!(Outbox::replay(scene.store, scene.tenant, rows[0].id).await?);
    assert!(!Outbox::replay(scene.store, scene.tenant, rows[0].id).await?);
    let waiting = scene.store.unsettled(scene.tenant, None, 9).await?;
    assert_eq!(waiting.len(), 1);
    let expected = OutboxRow { next_attempt_at: waiting[0].next_attempt_at, ..rows[0].clone() };
    assert_eq!(waiting[0], expected, "as it was committed");
    assert_eq!(scene.store.awake(forever, None, 9).await?, [scene.tenant]);
    change(&scene, rows[0].id, OutboxStep::Sending).await?;
    change(&scene, rows[0].id, sent("m-1")).await?;
    assert_eq!(read(&scene, &rows[0]).await?.status, OutboxStatus::Sent);
    Ok(())
}
