//! Metered facts.

use super::scene::{NOON, Scene};
use super::{StoreFixture, Verdict};
use crate::Timestamp;
use crate::turn::TurnCommit;
use crate::usage::{DayUsage, UsageKind};
use futures::future::try_join;

const ONE_TURN: DayUsage = DayUsage { messages: 1, tokens: 42 };

/// And the day's sum is the same before, between and after.
pub async fn a_fact_is_folded_once(fixture: &dyn StoreFixture) -> Verdict {
    let scene = Scene::set(fixture).await?;
    scene.converse("chat").await?;
    let store = scene.store;
    assert_eq!(store.day(scene.tenant, NOON).await?, ONE_TURN);
    assert_eq!(store.fold(&scene.lease, 1).await?, 1);
    assert_eq!(store.day(scene.tenant, NOON).await?, ONE_TURN);
    assert_eq!(store.fold(&scene.lease, 9).await?, 1);
    assert_eq!(store.day(scene.tenant, NOON).await?, ONE_TURN);
    assert_eq!(store.fold(&scene.lease, 9).await?, 0);

    scene.converse("other chat").await?;
    store.fold(&scene.lease, 9).await?;
    let twice = DayUsage { messages: 2, tokens: 84 };
    assert_eq!(store.day(scene.tenant, NOON).await?, twice);
    Ok(())
}

/// Neither counts what the other took.
pub async fn two_folds_at_once_share_the_facts(fixture: &dyn StoreFixture) -> Verdict {
    let scene = Scene::set(fixture).await?;
    for index in 0..10 {
        scene.converse(&format!("chat {index}")).await?;
    }
    let folds = try_join(scene.store.fold(&scene.lease, 100), scene.store.fold(&scene.lease, 100));
    let (first, second) = folds.await?;
    let rest = scene.store.fold(&scene.lease, 100).await?;
    assert_eq!(first + second + rest, 20);
    let day = scene.store.day(scene.tenant, NOON).await?;
    let expected = DayUsage { messages: 10, tokens: 420 };
    assert_eq!(day, expected);
    Ok(())
}

/// UTC, to the millisecond.
pub async fn a_day_ends_at_midnight(fixture: &dyn StoreFixture) -> Verdict {
    let scene = Scene::set(fixture).await?;
    let row = scene.arrive("update-1").await?;
    let begin = scene.begin(&scene.session("chat"), &[row]);
    scene.store.begin(&scene.lease, begin.clone()).await?;
    let midnight = NOON.next_day();
    let just_before = Timestamp::from_millis(midnight.as_millis() - 1);
    let commit = TurnCommit {
        usage: vec![
            scene.fact(&begin.turn, UsageKind::Message, just_before),
            scene.fact(&begin.turn, UsageKind::Completion, midnight),
        ],
        ..scene.commit(&begin)
    };
    scene.store.commit(&scene.lease, commit).await?;
    for _ in 0..2 {
        let today = scene.store.day(scene.tenant, NOON).await?;
        let tomorrow = scene.store.day(scene.tenant, midnight).await?;
        assert_eq!((today.messages, today.tokens), (1, 0));
        assert_eq!((tomorrow.messages, tomorrow.tokens), (0, 42));
        scene.store.fold(&scene.lease, 9).await?;
    }
    Ok(())
}
