//! Joining live and durable events: nothing missed, nothing twice, nobody left waiting.

use super::event::{FeedBody, FeedEvent};
use super::run::RunFeed;
use super::session::SessionFeed;
use crate::testing::{World, soon, tenant};
use proptest::prelude::*;
use rookery_domain::id::{InboxId, SessionId};
use rookery_domain::inbox::Outcome;
use rookery_domain::live::durable_seq;
use rookery_domain::message::Reply;

fn session_id(world: &World, run: InboxId) -> SessionId {
    let row = futures::FutureExt::now_or_never(world.state.ports.inbox.find(tenant(1), run));
    super::session_of(&row.unwrap().unwrap().unwrap()).unwrap()
}

fn told(event: &FeedEvent) -> String {
    match &event.body {
        FeedBody::Delta { text } => format!("+{text}"),
        FeedBody::Message { text } => format!("={text}"),
        FeedBody::Error { code, .. } => format!("!{code}"),
        FeedBody::Done { outcome, .. } => format!(".{outcome}"),
    }
}

async fn rest(feed: &mut RunFeed) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(event) = soon(feed.next()).await {
        all.push(told(&event));
    }
    all
}

async fn next(feed: &mut SessionFeed, count: usize) -> Vec<String> {
    let mut all = Vec::new();
    for _ in 0..count {
        all.push(told(&soon(feed.next()).await));
    }
    all
}

/// Whether a feed has nothing more to say now.
async fn is_quiet(feed: &mut SessionFeed) -> bool {
    tokio::time::timeout(std::time::Duration::from_millis(50), feed.next()).await.is_err()
}

async fn open(world: &World, run: InboxId, after: i64) -> RunFeed {
    RunFeed::open(&world.state, tenant(1), run, after).await.unwrap()
}

#[tokio::test]
async fn a_run_is_seen_growing_and_ends_after_its_message() {
    let world = World::new();
    let run = world.say("hi", None).await;
    let mut feed = open(&world, run, 0).await;
    for part in ["Hel", "lo"] {
        world.backend.grow(run, part);
        assert_eq!(told(&soon(feed.next()).await.unwrap()), format!("+{part}"));
    }
    world.backend.answer(run, Reply::answer("Hello"));
    assert_eq!(rest(&mut feed).await, ["=Hello", ".answered"]);
}

#[tokio::test]
async fn a_run_that_is_over_is_told_from_the_store_alone() {
    let world = World::new();
    world.backend.lose_live_events(true);
    let run = world.say("hi", None).await;
    world.backend.answer(run, Reply::answer("Hello"));
    assert_eq!(rest(&mut open(&world, run, 0).await).await, ["=Hello", ".answered"]);
    let seen = durable_seq(1);
    assert_eq!(rest(&mut open(&world, run, seen).await).await, [".answered"]);
}

#[tokio::test(start_paused = true)]
async fn a_run_whose_live_events_are_lost_ends_all_the_same() {
    let world = World::new();
    let run = world.say("hi", None).await;
    let mut feed = open(&world, run, 0).await;
    world.backend.grow(run, "Hel");
    assert_eq!(told(&soon(feed.next()).await.unwrap()), "+Hel");
    world.backend.lose_live_events(true);
    world.backend.answer(run, Reply::answer("Hello"));
    assert_eq!(rest(&mut feed).await, ["=Hello", ".answered"]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_watcher_whose_stream_was_ended_goes_on_where_it_was() {
    let world = World::new();
    let run = world.say("hi", None).await;
    let mut feed = open(&world, run, 0).await;
    world.backend.grow(run, "a");
    assert_eq!(told(&soon(feed.next()).await.unwrap()), "+a");
    world.backend.end_live_streams();
    world.backend.grow(run, "b");
    assert_eq!(told(&soon(feed.next()).await.unwrap()), "+b");
    world.backend.answer(run, Reply::answer("ab"));
    assert_eq!(rest(&mut feed).await, ["=ab", ".answered"]);
}

#[tokio::test]
async fn a_notice_ends_a_run_live_and_from_the_store() {
    let world = World::new();
    let run = world.say("hi", None).await;
    let mut live = open(&world, run, 0).await;
    let notice = Reply { text: "Busy. (E-101)".to_owned(), notice: Some("E-101".to_owned()) };
    world.backend.answer(run, notice);
    assert_eq!(rest(&mut live).await, ["!E-101"]);
    assert_eq!(rest(&mut open(&world, run, 0).await).await, ["!E-101"]);
}

#[tokio::test]
async fn a_command_is_answered_without_a_turn() {
    let world = World::new();
    world.backend.lose_live_events(true);
    let first = world.say("hi", Some("talk")).await;
    world.backend.answer(first, Reply::answer("Hello"));
    let command = world.say("/help", Some("talk")).await;
    world.backend.command(command, "The commands");
    for number in 0..200 {
        let run = world.say(&format!("more {number}"), Some("talk")).await;
        world.backend.answer(run, Reply::answer("ok"));
    }
    assert_eq!(rest(&mut open(&world, command, 0).await).await, ["=The commands", ".command"]);
}

#[tokio::test]
async fn a_run_without_a_reply_is_done() {
    let world = World::new();
    for outcome in [Outcome::Superseded, Outcome::Ignored, Outcome::Dead] {
        let run = world.say("hi", None).await;
        world.backend.end_silently(run, outcome);
        let done = format!(".{}", outcome.as_str());
        assert_eq!(rest(&mut open(&world, run, 0).await).await, [done]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_merged_run_waits_for_the_turn_it_became_part_of() {
    let world = World::new();
    let run = world.say("hi", None).await;
    world.backend.merge(run);
    let mut feed = open(&world, run, 0).await;
    let waiting = tokio::time::timeout(std::time::Duration::from_secs(60), feed.next()).await;
    assert!(waiting.is_err());
    world.backend.end_turns();
    assert_eq!(rest(&mut feed).await, [".merged"]);
}

#[tokio::test(start_paused = true)]
async fn a_run_is_watched_no_longer_than_its_limit() {
    let world = World::new();
    let run = world.say("hi", None).await;
    let mut feed = open(&world, run, 0).await;
    let began = tokio::time::Instant::now();
    let looking = tokio::time::timeout(std::time::Duration::from_secs(10_000), feed.next()).await;
    assert_eq!(looking.unwrap(), None);
    let settings = &world.state.settings;
    assert!(began.elapsed() >= settings.run_wait_max);
    assert!(began.elapsed() <= settings.run_wait_max + settings.run_recheck_every);
}

#[tokio::test]
async fn a_run_of_a_platform_or_of_another_tenant_is_no_run() {
    let world = World::new();
    let platform = world.backend.platform_row(tenant(1));
    assert!(RunFeed::open(&world.state, tenant(1), platform, 0).await.is_err());
    let run = world.say("hi", None).await;
    let other = tenant(2);
    assert!(RunFeed::open(&world.state, other, run, 0).await.is_err());
}

#[tokio::test]
async fn a_session_is_told_from_where_the_client_was() {
    let world = World::new();
    let first = world.say("one", Some("talk")).await;
    world.backend.answer(first, Reply::answer("1"));
    let second = world.say("two", Some("talk")).await;
    world.backend.answer(second, Reply::answer("2"));
    let session = session_id(&world, first);
    let watch = |after| SessionFeed::watch(&world.state, tenant(1), session, after);
    assert_eq!(next(&mut watch(0), 4).await, ["=1", ".answered", "=2", ".answered"]);
    // The message was seen and its end was not.
    assert_eq!(next(&mut watch(durable_seq(1)), 3).await, [".answered", "=2", ".answered"]);
    assert_eq!(next(&mut watch(durable_seq(1) + 1), 2).await, ["=2", ".answered"]);
    assert!(is_quiet(&mut watch(durable_seq(2) + 1)).await);
}

#[tokio::test(start_paused = true)]
async fn a_session_of_more_replies_than_a_page_is_told_whole_and_in_order() {
    let world = World::new();
    world.backend.lose_live_events(true);
    let mut last = None;
    for number in 0..250 {
        let run = world.say(&number.to_string(), Some("talk")).await;
        world.backend.answer(run, Reply::answer(number.to_string()));
        last = Some(run);
    }
    let session = session_id(&world, last.unwrap());
    let mut feed = SessionFeed::watch(&world.state, tenant(1), session, 0);
    let all = next(&mut feed, 500).await;
    let expected: Vec<_> =
        (0..250).flat_map(|number| [format!("={number}"), ".answered".to_owned()]).collect();
    assert_eq!(all, expected);
    assert!(is_quiet(&mut feed).await);
}

#[tokio::test(start_paused = true)]
async fn an_awaited_run_ends_although_all_its_live_events_were_lost() {
    let world = World::new();
    let run = world.say("one", Some("talk")).await;
    let session = session_id(&world, run);
    let mut feed = SessionFeed::watch(&world.state, tenant(1), session, 0);
    feed.expect(run);
    assert!(is_quiet(&mut feed).await);
    world.backend.lose_live_events(true);
    world.backend.answer(run, Reply::answer("1"));
    assert_eq!(next(&mut feed, 2).await, ["=1", ".answered"]);
    assert_eq!(feed.open_runs(), 0);
    let silent = world.say("two", Some("talk")).await;
    feed.expect(silent);
    world.backend.end_silently(silent, Outcome::Superseded);
    assert_eq!(next(&mut feed, 1).await, [".superseded"]);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_run_whose_reply_was_lost_brings_the_reply() {
    let world = World::new();
    let run = world.say("one", Some("talk")).await;
    let session = session_id(&world, run);
    let mut feed = SessionFeed::watch(&world.state, tenant(1), session, 0);
    assert!(is_quiet(&mut feed).await);
    world.backend.lose_live_events(true);
    world.backend.answer(run, Reply::answer("1"));
    world.backend.lose_live_events(false);
    world.state.ports.live.publish(
        session,
        rookery_domain::live::LiveEvent {
            seq: durable_seq(1) + 1,
            runs: vec![run],
            body: rookery_domain::live::LiveBody::Done {
                outcome: "answered".to_owned(),
                input_tokens: 1,
                output_tokens: 1,
            },
        },
    );
    assert_eq!(next(&mut feed, 2).await, ["=1", ".answered"]);
}

#[tokio::test(start_paused = true)]
async fn a_live_reply_costs_no_look_into_the_store() {
    let world = World::new();
    let first = world.say("one", Some("talk")).await;
    let session = session_id(&world, first);
    let mut feed = SessionFeed::watch(&world.state, tenant(1), session, 0);
    assert!(is_quiet(&mut feed).await);
    let before = world.backend.reads();
    world.backend.grow(first, "a");
    world.backend.answer(first, Reply::answer("ab"));
    assert_eq!(next(&mut feed, 3).await, ["+a", "=ab", ".answered"]);
    assert_eq!(world.backend.reads(), before);
}

#[tokio::test(start_paused = true)]
async fn a_repeated_submission_is_told_again_only_to_whoever_was_not_there() {
    let world = World::new();
    let run = world.say("one", Some("talk")).await;
    let session = session_id(&world, run);
    let mut witness = SessionFeed::watch(&world.state, tenant(1), session, 0);
    witness.expect(run);
    world.backend.answer(run, Reply::answer("1"));
    assert_eq!(next(&mut witness, 2).await, ["=1", ".answered"]);
    assert!(!witness.expect_again(run).await.unwrap());
    assert!(is_quiet(&mut witness).await);
    let mut late = SessionFeed::watch(&world.state, tenant(1), session, durable_seq(1) + 1);
    assert!(late.expect_again(run).await.unwrap());
    assert_eq!(next(&mut late, 2).await, ["=1", ".answered"]);
    assert!(is_quiet(&mut late).await);
}

#[derive(Debug, Clone, Copy)]
enum Mishap {
    None,
    LiveLost,
    StreamEnded,
    Reconnect,
}

fn mishap() -> impl Strategy<Value = Mishap> {
    prop_oneof![
        Just(Mishap::None),
        Just(Mishap::LiveLost),
        Just(Mishap::StreamEnded),
        Just(Mishap::Reconnect)
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is lost on the way, a client that resumes after the last number it saw gets every
    /// reply exactly once and in order.
    #[test]
    fn every_reply_arrives_once_and_in_order(mishaps in prop::collection::vec(mishap(), 1..12)) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let world = World::new();
            let mut feed: Option<SessionFeed> = None;
            let mut replies = Vec::new();
            for (number, mishap) in mishaps.iter().enumerate() {
                world.backend.lose_live_events(matches!(mishap, Mishap::LiveLost));
                let run = world.say(&number.to_string(), Some("talk")).await;
                let feed = feed.get_or_insert_with(|| {
                    SessionFeed::watch(&world.state, tenant(1), session_id(&world, run), 0)
                });
                feed.expect(run);
                world.backend.grow(run, "…");
                if matches!(mishap, Mishap::StreamEnded) {
                    world.backend.end_live_streams();
                }
                world.backend.answer(run, Reply::answer(number.to_string()));
                if matches!(mishap, Mishap::Reconnect) {
                    let after = feed.position();
                    *feed = SessionFeed::watch(&world.state, tenant(1), feed.session(), after);
                    feed.expect(run);
                }
                while feed.open_runs() > 0 {
                    let event = soon(feed.next()).await;
                    if let FeedBody::Message { text } = event.body {
                        replies.push(text);
                    }
                }
                while let Ok(event) = tokio::time::timeout(
                    std::time::Duration::from_millis(1), feed.next()).await
                {
                    if let FeedBody::Message { text } = event.body {
                        replies.push(text);
                    }
                }
            }
            let expected: Vec<_> = (0..mishaps.len()).map(|number| number.to_string()).collect();
            prop_assert_eq!(replies, expected);
            Ok(())
        })?;
    }
}
