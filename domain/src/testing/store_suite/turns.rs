//! Sessions, turns and their journal.

use super::scene::{NOON, Scene, boot, settle, settled};
use super::{StoreFixture, Verdict};
use crate::id::{InboxId, TurnId};
use crate::inbox::Outcome;
use crate::message::Attachment;
use crate::model::Usage;
use crate::ports::StoreError;
use crate::session::Session;
use crate::turn::{InboxSettle, TurnBegin, TurnCommit, TurnState, TurnStep};
use futures::future::try_join_all;

/// Its own messages included, above the floor, no more than asked for.
pub async fn a_turn_reads_back_the_newest_history(fixture: &dyn StoreFixture) -> Verdict {
    let scene = Scene::set(fixture).await?;
    let session = scene.session("chat");
    let said = (1..=6).map(|seq| scene.message(&session, seq, &format!("line {seq}"))).collect();
    let context = InboxSettle {
        session: Some(Session { last_seq: 6, context_floor_seq: 2, ..session.clone() }),
        messages: said,
        ..settle(Vec::new())
    };
    scene.store.settle(&scene.lease, context).await?;
    let stored = scene.store.session(scene.tenant, session.id).await?;
    let stored = stored.ok_or_else(|| StoreError::NotFound(session.id.to_string()))?;
    assert_eq!((stored.last_seq, stored.context_floor_seq), (6, 2));

    let begin = scene.begin(&stored, &[InboxId::generate(fixture.ids())]);
    let all = scene.store.begin(&scene.lease, begin.clone()).await?;
    let seqs: Vec<i64> = all.iter().map(|message| message.seq).collect();
    assert_eq!(seqs, [3, 4, 5, 6, 7]);
    assert_eq!(all.last(), begin.messages.last());
    let few = TurnBegin { history_messages_max: 2, ..begin };
    let newest = scene.store.begin(&scene.lease, few).await?;
    assert_eq!(newest, all[3..]);
    assert_eq!(scene.store.history(scene.tenant, session.id, 2).await?, newest);
    Ok(())
}

/// Neither a second turn nor a second message.
pub async fn a_begin_that_is_repeated_changes_nothing(fixture: &dyn StoreFixture) -> Verdict {
    let scene = Scene::set(fixture).await?;
    let row = scene.arrive("update-1").await?;
    let begin = scene.begin(&scene.session("chat"), &[row]);
    let first = scene.store.begin(&scene.lease, begin.clone()).await?;
    let second = scene.store.begin(&scene.lease, begin.clone()).await?;
    assert_eq!(first, second);
    assert_eq!(first, begin.messages);
    assert_eq!(scene.store.unfinished(scene.tenant, 9).await?.len(), 1);
    Ok(())
}

fn steps() -> Vec<TurnStep> {
    vec![
        TurnStep::Completion {
            text: "let me see".to_owned(),
            tool_calls: Vec::new(),
            usage: Usage::default(),
            model: "offline/echo".to_owned(),
        },
        TurnStep::ToolStarted { call_id: "call-1".to_owned() },
        TurnStep::ToolResult {
            call_id: "call-1".to_owned(),
            name: "time".to_owned(),
            content: "noon".to_owned(),
        },
    ]
}

/// After the owner died; its successor counts.
pub async fn a_running_turn_is_found_with_its_journal(fixture: &dyn StoreFixture) -> Verdict {
    let scene = Scene::set(fixture).await?;
    let row = scene.arrive("update-1").await?;
    let begin = scene.begin(&scene.session("chat"), &[row]);
    let turn = begin.turn.id;
    scene.store.begin(&scene.lease, begin.clone()).await?;
    let steps = steps();
    let (early, late) = steps.split_at(1);
    let store = scene.store;
    store.journal(&scene.lease, turn, 0, early.to_vec()).await?;
    store.journal(&scene.lease, turn, 0, early.to_vec()).await?;
    // Another write took the indices between, and was lost with its process.
    let gap = 3;
    store.journal(&scene.lease, turn, 1 + gap, late.to_vec()).await?;

    boot(fixture).await?;
    let lease = store.claim(scene.tenant).await?;
    let unfinished = store.unfinished(scene.tenant, 9).await?;
    assert_eq!(unfinished.len(), 1);
    assert_eq!(unfinished[0].turn, begin.turn);
    assert_eq!(unfinished[0].session, begin.session);
    assert_eq!(unfinished[0].steps, steps);
    assert_eq!(usize::try_from(unfinished[0].next_index - gap), Ok(steps.len()));
    assert_eq!(store.resume(&lease, turn).await?, 2);
    assert_eq!(store.resume(&lease, turn).await?, 3);
    let unknown = store.resume(&lease, TurnId::generate(fixture.ids())).await;
    assert!(matches!(unknown, Err(StoreError::NotFound(_))));
    Ok(())
}

/// Message, outbox, usage, inbox, session, turn.
pub async fn a_commit_does_everything_at_once(fixture: &dyn StoreFixture) -> Verdict {
    let scene = Scene::set(fixture).await?;
    let (begin, commit) = scene.converse("chat").await?;
    let store = scene.store;
    assert!(store.unfinished(scene.tenant, 9).await?.is_empty());
    let session = store.session(scene.tenant, begin.session.id).await?;
    assert_eq!(session.map(|session| session.last_seq), Some(commit.last_seq));
    let said = store.history(scene.tenant, begin.session.id, 9).await?;
    assert_eq!(said.len(), 2);
    assert_eq!(said.last(), commit.message.as_ref());
    let row = store.find(scene.tenant, begin.turn.inbox_ids[0]).await?;
    let row = row.map(|row| (row.outcome, row.turn_id, row.done_at));
    assert_eq!(row, Some((Some(Outcome::Answered), Some(begin.turn.id), Some(NOON))));
    assert_eq!(store.of_turn(scene.tenant, begin.turn.id).await?, commit.outbox);
    assert_eq!(store.day(scene.tenant, NOON).await?.messages, 1);
    let resumed = store.resume(&scene.lease, begin.turn.id).await;
    assert!(matches!(resumed, Err(StoreError::Conflict(_))));
    Ok(())
}

/// Not even if it is made anew with other ids, or with another end.
pub async fn a_commit_that_is_repeated_changes_nothing(fixture: &dyn StoreFixture) -> Verdict {
    let scene = Scene::set(fixture).await?;
    let (begin, commit) = scene.converse("chat").await?;
    let store = scene.store;
    store.commit(&scene.lease, commit.clone()).await?;
    let other_end = TurnCommit { state: TurnState::Failed, ..scene.commit(&begin) };
    store.commit(&scene.lease, other_end).await?;
    let outbox = store.of_turn(scene.tenant, begin.turn.id).await?;
    assert_eq!(outbox, commit.outbox);
    let said = store.history(scene.tenant, begin.session.id, 9).await?;
    assert_eq!(said.len(), 2);
    assert_eq!(store.day(scene.tenant, NOON).await?.tokens, 42);
    Ok(())
}

/// All or nothing.
pub async fn a_commit_of_an_unknown_turn_leaves_nothing(fixture: &dyn StoreFixture) -> Verdict {
    let scene = Scene::set(fixture).await?;
    let row = scene.arrive("update-1").await?;
    let begin = scene.begin(&scene.session("chat"), &[row]);
    let answer = scene.store.commit(&scene.lease, scene.commit(&begin)).await;
    assert!(matches!(answer, Err(StoreError::NotFound(_))), "{answer:?}");
    let found = scene.store.find(scene.tenant, row).await?;
    assert_eq!(found.and_then(|row| row.outcome), None);
    let sent = scene.store.of_turn(scene.tenant, begin.turn.id).await?;
    assert!(sent.is_empty());
    assert_eq!(scene.store.day(scene.tenant, NOON).await?.messages, 0);
    Ok(())
}

/// Whoever still works on it is told.
pub async fn an_ended_turn_takes_no_more_steps(fixture: &dyn StoreFixture) -> Verdict {
    let scene = Scene::set(fixture).await?;
    let (begin, _) = scene.converse("chat").await?;
    let ended = scene.store.journal(&scene.lease, begin.turn.id, 0, steps()).await;
    assert!(matches!(ended, Err(StoreError::Conflict(_))), "{ended:?}");
    let unknown = TurnId::generate(fixture.ids());
    let missing = scene.store.journal(&scene.lease, unknown, 0, steps()).await;
    assert!(matches!(missing, Err(StoreError::NotFound(_))));
    Ok(())
}

/// It never goes down again.
pub async fn a_raised_floor_hides_what_was_said(fixture: &dyn StoreFixture) -> Verdict {
    let scene = Scene::set(fixture).await?;
    let (begin, commit) = scene.converse("chat").await?;
    let (store, session) = (scene.store, begin.session.id);
    for floor in [commit.last_seq, 1] {
        let raised = Session { context_floor_seq: floor, ..begin.session.clone() };
        let settle = InboxSettle { session: Some(raised), ..settle(Vec::new()) };
        store.settle(&scene.lease, settle).await?;
    }
    assert!(store.history(scene.tenant, session, 9).await?.is_empty());

    // A writer that still believes in the old floor does not lower it.
    let stale = Session { last_seq: commit.last_seq, ..begin.session };
    let next = scene.begin(&stale, &[InboxId::generate(fixture.ids())]);
    let context = store.begin(&scene.lease, next.clone()).await?;
    assert_eq!(context, next.messages);
    Ok(())
}

/// In one transaction, without a turn.
pub async fn a_command_is_settled_with_its_reply(fixture: &dyn StoreFixture) -> Verdict {
    let scene = Scene::set(fixture).await?;
    let row = scene.arrive("update-1").await?;
    let session = Session { last_seq: 1, ..scene.session("chat") };
    let reply = scene.outbox_row(session.id, 1);
    let command = InboxSettle {
        session: Some(session.clone()),
        outbox: vec![reply.clone()],
        ..settle(vec![settled(row, Outcome::Command)])
    };
    for _ in 0..2 {
        scene.store.settle(&scene.lease, command.clone()).await?;
        let stored = scene.store.session(scene.tenant, session.id).await?;
        assert_eq!(stored.as_ref(), Some(&session));
        let outbox = scene.store.unsettled(scene.tenant, None, 9).await?;
        assert_eq!(outbox, std::slice::from_ref(&reply));
    }
    Ok(())
}

/// Quotes, emoji, line ends, hostile syntax. NUL, which SQL text cannot hold, is replaced.
pub async fn texts_survive_as_they_are(fixture: &dyn StoreFixture) -> Verdict {
    let scene = Scene::set(fixture).await?;
    let session = scene.session("chat '; DROP TABLE inbox; -- \"$1\" {}");
    let mut begin = scene.begin(&session, &[InboxId::generate(fixture.ids())]);
    "'\"`\\ $1 ?1 \u{1f426}\r\n\u{202e}\u{feff}".clone_into(&mut begin.messages[0].text);
    begin.messages[0].sender_name = Some("{a,b}\\N".to_owned());
    begin.messages[0].attachments = vec![Attachment {
        kind: "document".to_owned(),
        reference: "file-1".to_owned(),
        file_name: Some("../../\u{0}x".to_owned()),
        declared_type: None,
        size_bytes: Some(u64::MAX),
    }];
    let back = scene.store.begin(&scene.lease, begin.clone()).await?;
    assert_eq!(back, begin.messages);
    let stored = scene.store.history(scene.tenant, session.id, 9).await?;
    assert_eq!(stored, begin.messages);

    let nul =
        InboxSettle { messages: vec![scene.message(&session, 9, "a\0b")], ..settle(Vec::new()) };
    scene.store.settle(&scene.lease, nul).await?;
    let stored = scene.store.history(scene.tenant, session.id, 1).await?;
    assert_eq!(stored[0].text, "a\u{fffd}b");
    Ok(())
}

/// Whole turns of many tenants and sessions, all at the same time.
pub async fn many_tenants_work_at_once(fixture: &dyn StoreFixture) -> Verdict {
    let mut scenes = vec![Scene::set(fixture).await?];
    for _ in 0..9 {
        scenes.push(Scene::join(fixture).await?);
    }
    let work = scenes.iter().flat_map(|scene| {
        (0..8).map(async move |session| scene.converse(&format!("chat {session}")).await)
    });
    let turns = try_join_all(work).await?;
    assert_eq!(turns.len(), 80);
    for scene in &scenes {
        assert!(scene.store.undone(scene.tenant, None, 9).await?.is_empty());
        let unsettled = scene.store.unsettled(scene.tenant, None, 99).await?;
        assert_eq!(unsettled.len(), 8);
        assert_eq!(scene.store.day(scene.tenant, NOON).await?.messages, 8);
    }
    Ok(())
}
