//! The fan-out: what is remembered, what is forgotten, and that no event falls between the two.

use super::{
    EVENTS_PER_SESSION_MAX, LiveFanOut, LiveLimits, TEXT_PER_SESSION_BYTES_MAX, WATCHER_BACKLOG_MAX,
};
use futures::StreamExt;
use futures::future::FutureExt;
use proptest::prelude::*;
use rookery_domain::id::SessionId;
use rookery_domain::live::{LiveBody, LiveEvent, LiveStream};
use rookery_domain::ports::LiveEvents;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

fn session(number: u128) -> SessionId {
    SessionId::from_uuid(Uuid::from_u128(number))
}

fn part(seq: i64, text: &str) -> LiveEvent {
    LiveEvent { seq, runs: Vec::new(), body: LiveBody::Delta { text: text.to_owned() } }
}

fn message(seq: i64, text: &str) -> LiveEvent {
    LiveEvent { seq, runs: Vec::new(), body: LiveBody::Message { text: text.to_owned() } }
}

fn done(seq: i64) -> LiveEvent {
    LiveEvent {
        seq,
        runs: Vec::new(),
        body: LiveBody::Done { outcome: "answered".to_owned(), input_tokens: 1, output_tokens: 1 },
    }
}

fn fan_out() -> LiveFanOut {
    LiveFanOut::new(LiveLimits::default())
}

/// Everything that can be read without waiting, and whether the stream has ended.
fn drain(stream: &mut LiveStream) -> (Vec<LiveEvent>, bool) {
    let mut events = Vec::new();
    loop {
        match stream.next().now_or_never() {
            Some(Some(event)) => events.push(event),
            Some(None) => return (events, true),
            None => return (events, false),
        }
    }
}

fn seqs(events: &[LiveEvent]) -> Vec<i64> {
    events.iter().map(|event| event.seq).collect()
}

/// What a client shows after these events: a message replaces all parts before it.
fn shown(events: &[LiveEvent]) -> String {
    events.iter().fold(String::new(), |text, event| match &event.body {
        LiveBody::Delta { text: more } => text + more,
        LiveBody::Message { text } => text.clone(),
        _ => text,
    })
}

#[test]
fn a_watcher_gets_what_is_remembered_after_its_number_and_then_what_comes() {
    let live = fan_out();
    for seq in 1..=3 {
        live.publish(session(1), part(seq, "a"));
    }
    let mut stream = live.subscribe(session(1), 1);
    live.publish(session(1), part(4, "b"));
    live.publish(session(2), part(5, "other"));
    let (events, ended) = drain(&mut stream);
    assert_eq!(seqs(&events), [2, 3, 4]);
    assert!(!ended);
}

#[test]
fn a_message_replaces_the_remembered_parts_before_it() {
    let live = fan_out();
    live.publish(session(1), part(1, "gro"));
    live.publish(session(1), part(2, "wing"));
    live.publish(session(1), message(3, "growing."));
    live.publish(session(1), done(4));
    let (events, _) = drain(&mut live.subscribe(session(1), 0));
    assert_eq!(seqs(&events), [3, 4]);
}

#[test]
fn an_answer_longer_than_the_limit_is_remembered_whole_in_fewer_parts() {
    let live = fan_out();
    let count = i64::try_from(EVENTS_PER_SESSION_MAX * 3).unwrap();
    let mut whole = String::new();
    for seq in 1..=count {
        let text = format!("{seq} ");
        whole.push_str(&text);
        live.publish(session(1), part(seq, &text));
    }
    let (events, _) = drain(&mut live.subscribe(session(1), 0));
    assert_eq!(events.len(), EVENTS_PER_SESSION_MAX);
    assert_eq!(shown(&events), whole);
    assert_eq!(events.last().unwrap().seq, count);
}

#[test]
fn a_watcher_that_saw_half_of_a_joined_part_waits_for_the_message() {
    let live = fan_out();
    let count = i64::try_from(EVENTS_PER_SESSION_MAX * 2).unwrap();
    for seq in 1..=count {
        live.publish(session(1), part(seq, "x"));
    }
    let mut stream = live.subscribe(session(1), 5);
    live.publish(session(1), part(count + 1, "y"));
    assert_eq!(drain(&mut stream).0, []);
    live.publish(session(1), message(count + 2, "whole"));
    live.publish(session(1), part(count + 3, "next"));
    assert_eq!(seqs(&drain(&mut stream).0), [count + 2, count + 3]);
}

#[test]
fn text_beyond_the_limit_is_forgotten_and_its_rest_held_back() {
    let live = fan_out();
    let half = "x".repeat(TEXT_PER_SESSION_BYTES_MAX / 2);
    live.publish(session(1), part(1, &half));
    live.publish(session(1), part(2, &half));
    assert_eq!(seqs(&drain(&mut live.subscribe(session(1), 0)).0), [1, 2]);
    live.publish(session(1), part(3, "y"));
    assert_eq!(drain(&mut live.subscribe(session(1), 0)).0, []);
    assert_eq!(seqs(&drain(&mut live.subscribe(session(1), 1)).0), [2, 3]);
}

#[test]
fn a_watcher_that_is_too_slow_is_cut_off_and_the_others_are_not() {
    let live = fan_out();
    let mut slow = live.subscribe(session(1), 0);
    let mut quick = live.subscribe(session(1), 0);
    let backlog = i64::try_from(WATCHER_BACKLOG_MAX).unwrap();
    for seq in 1..=backlog {
        live.publish(session(1), part(seq, "x"));
    }
    assert_eq!(drain(&mut quick).0.len(), WATCHER_BACKLOG_MAX);
    live.publish(session(1), part(backlog + 1, "x"));
    assert_eq!(drain(&mut slow), (Vec::new(), true));
    assert_eq!(seqs(&drain(&mut quick).0), [backlog + 1]);
}

#[test]
fn a_watcher_at_the_limit_is_served_and_the_next_one_is_not_until_one_leaves() {
    let live = LiveFanOut::new(LiveLimits { watchers_max: 2, ..LiveLimits::default() });
    live.publish(session(1), part(1, "x"));
    let first = live.subscribe(session(1), 0);
    let mut second = live.subscribe(session(1), 0);
    assert!(!drain(&mut second).1);
    assert_eq!(drain(&mut live.subscribe(session(1), 0)), (Vec::new(), true));
    drop(first);
    assert!(!drain(&mut live.subscribe(session(1), 0)).1);
}

#[test]
fn sessions_beyond_the_limit_are_forgotten_unless_watched() {
    let live = LiveFanOut::new(LiveLimits { sessions_max: 64, ..LiveLimits::default() });
    let mut watched = live.subscribe(session(0), 0);
    for number in 1..=1_000 {
        live.publish(session(number), part(1, "x"));
        assert!(live.sessions() <= 64 + 1);
    }
    live.publish(session(0), part(1, "x"));
    assert_eq!(seqs(&drain(&mut watched).0), [1]);
    assert_eq!(seqs(&drain(&mut live.subscribe(session(1_000), 0)).0), [1]);
    assert_eq!(drain(&mut live.subscribe(session(1), 0)).0, []);
}

#[tokio::test(start_paused = true)]
async fn an_ended_run_is_forgotten_soon_and_a_silent_one_later() {
    let limits = LiveLimits::default();
    let live = LiveFanOut::new(limits);
    live.publish(session(1), done(1));
    live.publish(session(2), part(1, "x"));
    live.publish(session(3), done(1));
    let _watcher = live.subscribe(session(3), 0);
    tokio::time::advance(limits.forget_done_after).await;
    live.sweep();
    assert_eq!(live.sessions(), 2);
    assert_eq!(drain(&mut live.subscribe(session(1), 0)).0, []);
    tokio::time::advance(limits.forget_silent_after).await;
    live.sweep();
    assert_eq!(live.sessions(), 1);
}

#[test]
fn a_session_that_was_only_watched_leaves_nothing_behind() {
    let live = fan_out();
    drop(live.subscribe(session(1), 0));
    live.sweep();
    assert_eq!(live.sessions(), 0);
}

const PARTS: i64 = 100;

/// Publishes a whole answer from another thread, as fast as it can.
fn publish_answer(live: &Arc<LiveFanOut>, topic: SessionId) -> std::thread::JoinHandle<()> {
    let live = Arc::clone(live);
    std::thread::spawn(move || {
        for seq in 1..=PARTS {
            live.publish(topic, part(seq, "x"));
        }
        live.publish(topic, done(PARTS + 1));
    })
}

async fn until_done(mut stream: LiveStream) -> Vec<i64> {
    let mut seen = Vec::new();
    while let Some(event) = stream.next().await {
        seen.push(event.seq);
        if matches!(event.body, LiveBody::Done { .. }) {
            return seen;
        }
    }
    panic!("the stream ended early, after {seen:?}");
}

/// Watchers join at any moment of a running publication; each must see every number after its own
/// exactly once. One that comes after the end, which replaces the parts, sees the end alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_event_is_lost_or_repeated_between_the_remembered_and_the_new() {
    let mut joined_before_the_end = 0;
    for round in 0..300 {
        let live = Arc::new(fan_out());
        let mut watchers = vec![(0, live.subscribe(session(round), 0))];
        let publisher = publish_answer(&live, session(round));
        for after in [0, 17, 50, 99].into_iter().cycle().take(40) {
            watchers.push((after, live.subscribe(session(round), after)));
        }
        publisher.join().unwrap();
        for (index, (after, stream)) in watchers.into_iter().enumerate() {
            let seen = tokio::time::timeout(Duration::from_secs(10), until_done(stream));
            let seen = seen.await.unwrap();
            if index > 0 && seen == [PARTS + 1] {
                continue;
            }
            joined_before_the_end += usize::from(index > 0);
            assert_eq!(seen, (after + 1..=PARTS + 1).collect::<Vec<_>>());
        }
    }
    assert!(joined_before_the_end > 0, "nobody joined while the answer grew");
}

proptest! {
    #[test]
    fn whoever_joins_where_shows_the_same_answer(lengths in prop::collection::vec(0_usize..2_000, 1..300), joins in prop::collection::vec(any::<prop::sample::Index>(), 1..6)) {
        let live = fan_out();
        let joins: Vec<usize> = joins.iter().map(|at| at.index(lengths.len())).collect();
        let mut streams = Vec::new();
        let mut whole = String::new();
        for (index, length) in lengths.iter().enumerate() {
            for _ in joins.iter().filter(|at| **at == index) {
                streams.push((live.subscribe(session(1), 0), Vec::new()));
            }
            let text = "abcdefghij".repeat(length / 10);
            whole.push_str(&text);
            live.publish(session(1), part(i64::try_from(index).unwrap() + 1, &text));
            for (stream, seen) in &mut streams {
                let (events, ended) = drain(stream);
                prop_assert!(!ended);
                seen.extend(events);
            }
        }
        for (_, seen) in &streams {
            prop_assert!(seen.is_empty() || shown(seen) == whole);
            prop_assert!(seen.windows(2).all(|pair| pair[0].seq < pair[1].seq));
        }
        live.publish(session(1), message(1_000, &whole));
        for (stream, mut seen) in streams {
            let mut stream = stream;
            seen.extend(drain(&mut stream).0);
            prop_assert_eq!(shown(&seen), whole.clone());
        }
    }
}
