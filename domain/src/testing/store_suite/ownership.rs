//! Who may write, and who has work.

use super::scene::{NOON, Scene, boot, settle, settled};
use super::{StoreFixture, Verdict};
use crate::Timestamp;
use crate::inbox::Outcome;
use crate::outbox::{OutboxChange, OutboxStep};
use crate::ports::StoreError;
use futures::future::{join_all, try_join};
use std::collections::BTreeSet;

/// Each claim is worth more than the one before.
pub async fn a_claim_raises_the_epoch(fixture: &dyn StoreFixture) -> Verdict {
    let scene = Scene::set(fixture).await?;
    let second = scene.store.claim(scene.tenant).await?;
    assert!(second.epoch > scene.lease.epoch);
    assert_eq!(second.owner, scene.lease.owner);
    let nobody = crate::id::TenantId::generate(fixture.ids());
    let unknown = scene.store.claim(nobody).await;
    assert!(matches!(unknown, Err(StoreError::NotFound(_))));
    Ok(())
}

/// Every fenced write, and nothing of it is kept.
pub async fn a_stale_lease_writes_nothing(fixture: &dyn StoreFixture) -> Verdict {
    let scene = Scene::set(fixture).await?;
    let (done, _) = scene.converse("chat").await?;
    let row = scene.arrive("update-2").await?;
    let begin = scene.begin(&scene.session("other chat"), &[row]);
    scene.store.begin(&scene.lease, begin.clone()).await?;
    let outbox = scene.store.of_turn(scene.tenant, done.turn.id).await?;
    scene.store.claim(scene.tenant).await?;

    let (store, stale) = (scene.store, &scene.lease);
    let change = OutboxChange { id: outbox[0].id, step: OutboxStep::Sending };
    let refused = [
        store.settle(stale, settle(vec![settled(row, Outcome::Ignored)])).await,
        store.count_attempt(stale, row).await.map(|_| ()),
        store.begin(stale, scene.begin(&scene.session("third chat"), &[row])).await.map(|_| ()),
        store.journal(stale, begin.turn.id, 0, Vec::new()).await,
        store.resume(stale, begin.turn.id).await.map(|_| ()),
        store.commit(stale, scene.commit(&begin)).await,
        store.change(stale, change, NOON).await,
        store.fold(stale, 9).await.map(|_| ()),
        store.quiesce(stale).await.map(|_| ()),
    ];
    for answer in refused {
        assert!(
            matches!(answer, Err(StoreError::Fenced(tenant)) if tenant == scene.tenant),
            "{answer:?}"
        );
    }
    let found = store.find(scene.tenant, row).await?;
    assert_eq!(found.map(|row| (row.outcome, row.attempts)), Some((None, 0)));
    let unfinished = store.unfinished(scene.tenant, 9).await?;
    assert_eq!(unfinished.len(), 1);
    assert_eq!(unfinished[0].turn.attempt, 1);
    assert_eq!(unfinished[0].session.context_floor_seq, 0);
    let unsettled = store.unsettled(scene.tenant, None, 9).await?;
    assert_eq!(unsettled, outbox);
    assert_eq!(store.awake(NOON.plus(LONG), None, 9).await?, [scene.tenant]);
    Ok(())
}

const LONG: std::time::Duration = std::time::Duration::from_secs(3600 * 24 * 365 * 10);

/// Under a higher epoch, so that the earlier boot is fenced.
pub async fn a_boot_releases_what_was_owned(fixture: &dyn StoreFixture) -> Verdict {
    let scene = Scene::set(fixture).await?;
    boot(fixture).await?;
    let stale = scene.store.fold(&scene.lease, 1).await;
    assert!(matches!(stale, Err(StoreError::Fenced(_))));
    let next = scene.store.claim(scene.tenant).await?;
    assert!(next.epoch.0 > scene.lease.epoch.0 + 1);
    assert_ne!(next.owner, scene.lease.owner);
    Ok(())
}

/// A release of a lease that no longer holds is no release.
pub async fn a_released_lease_is_worth_nothing(fixture: &dyn StoreFixture) -> Verdict {
    let scene = Scene::set(fixture).await?;
    let second = scene.store.claim(scene.tenant).await?;
    scene.store.release(&scene.lease).await?;
    assert_eq!(scene.store.fold(&second, 1).await?, 0, "the newer one holds");
    scene.store.release(&second).await?;
    let after = scene.store.fold(&second, 1).await;
    assert!(matches!(after, Err(StoreError::Fenced(_))));
    Ok(())
}

/// Also when both are committed together.
pub async fn one_stale_writer_does_not_hold_up_another_tenant(
    fixture: &dyn StoreFixture,
) -> Verdict {
    let stale = Scene::set(fixture).await?;
    let good = Scene::join(fixture).await?;
    stale.store.claim(stale.tenant).await?;
    let writes = (0..20).map(|index| {
        let scene = if index % 2 == 0 { &stale } else { &good };
        let session = scene.session(&format!("chat {index}"));
        let begin = scene.begin(&session, &[]);
        async move { scene.store.begin(&scene.lease, begin).await }
    });
    for (index, answer) in join_all(writes).await.into_iter().enumerate() {
        let is_fenced = matches!(answer, Err(StoreError::Fenced(tenant)) if tenant == stale.tenant);
        assert_eq!(is_fenced, index % 2 == 0, "{answer:?}");
    }
    assert!(stale.store.unfinished(stale.tenant, 99).await?.is_empty());
    assert_eq!(good.store.unfinished(good.tenant, 99).await?.len(), 10);
    Ok(())
}

/// The mark stays until nothing at all is left to do.
pub async fn work_wakes_and_quiet_is_checked(fixture: &dyn StoreFixture) -> Verdict {
    let scene = Scene::set(fixture).await?;
    let (store, lease) = (scene.store, &scene.lease);
    let forever = Timestamp::from_millis(i64::MAX);
    assert!(store.awake(forever, None, 9).await?.is_empty());

    let row = scene.arrive("update-1").await?;
    assert_eq!(store.awake(forever, None, 9).await?, [scene.tenant]);
    let before = store.awake(Timestamp::EPOCH, None, 9).await?;
    assert!(before.is_empty(), "not marked before then");
    assert!(!store.quiesce(lease).await?, "a row waits");

    let begin = scene.begin(&scene.session("chat"), &[row]);
    store.begin(lease, begin.clone()).await?;
    assert!(!store.quiesce(lease).await?, "a turn runs");
    let commit = scene.commit(&begin);
    store.commit(lease, commit.clone()).await?;
    assert!(!store.quiesce(lease).await?, "a send waits");
    for step in [OutboxStep::Sending, OutboxStep::Sent { platform_message_id: None }] {
        let id = commit.outbox[0].id;
        store.change(lease, OutboxChange { id, step }, NOON).await?;
    }
    assert!(!store.quiesce(lease).await?, "facts are not folded");
    assert_eq!(store.awake(forever, None, 9).await?, [scene.tenant]);
    assert_eq!(store.fold(lease, 9).await?, 2);
    assert!(store.quiesce(lease).await?);
    assert!(store.awake(forever, None, 9).await?.is_empty());

    scene.arrive("update-2").await?;
    assert_eq!(store.awake(forever, None, 9).await?, [scene.tenant]);
    Ok(())
}

/// None is left out or comes twice.
pub async fn tenants_with_work_are_found_page_by_page(fixture: &dyn StoreFixture) -> Verdict {
    let mut marked = BTreeSet::new();
    for _ in 0..3 {
        let scene = Scene::set(fixture).await?;
        scene.arrive("update-1").await?;
        marked.insert(scene.tenant);
    }
    let scene = Scene::set(fixture).await?;
    let forever = Timestamp::from_millis(i64::MAX);
    let (mut found, mut after) = (Vec::new(), None);
    while let Some(tenant) = scene.store.awake(forever, after, 1).await?.pop() {
        found.push(tenant);
        after = Some(tenant);
    }
    assert_eq!(found, marked.into_iter().collect::<Vec<_>>());
    Ok(())
}

/// Whatever the order of an arrival and a quiesce, a waiting row keeps its mark.
pub async fn quiet_never_hides_a_row(fixture: &dyn StoreFixture) -> Verdict {
    let scene = Scene::set(fixture).await?;
    let (store, lease) = (scene.store, &scene.lease);
    for index in 0..40 {
        let key = format!("update-{index}");
        let (row, _) = try_join(scene.arrive(&key), store.quiesce(lease)).await?;
        let awake = store.awake(Timestamp::from_millis(i64::MAX), None, 9).await?;
        assert_eq!(awake, [scene.tenant]);
        store.settle(lease, settle(vec![settled(row, Outcome::Ignored)])).await?;
        assert!(store.quiesce(lease).await?);
    }
    Ok(())
}
