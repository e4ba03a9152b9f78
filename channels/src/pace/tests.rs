use super::limiter::SWEEP_EVERY;
use super::{Allowance, Pace, PaceLimits};
use std::num::NonZeroU32;
use std::time::Duration;
use tokio::time::Instant;

fn allowance(count: u32, seconds: u64, burst: Option<u32>) -> Allowance {
    Allowance {
        count: NonZeroU32::new(count).unwrap(),
        per: Duration::from_secs(seconds),
        burst: burst.and_then(NonZeroU32::new),
    }
}

fn pace() -> Pace<i64> {
    Pace::new(PaceLimits {
        conversation: allowance(1, 1, Some(3)),
        group: allowance(20, 60, None),
        bot: allowance(30, 1, None),
    })
}

/// When each of so many calls was let through, from the start.
async fn times(
    pace: &Pace<i64>,
    calls: usize,
    key: impl Fn(usize) -> i64,
    group: bool,
) -> Vec<Duration> {
    let start = Instant::now();
    let mut times = Vec::new();
    for call in 0..calls {
        pace.ready(&key(call), group).await;
        times.push(start.elapsed());
    }
    times
}

fn most_in_any(times: &[Duration], stretch: Duration) -> usize {
    times
        .iter()
        .map(|from| times.iter().filter(|time| **time >= *from && **time < *from + stretch).count())
        .max()
        .unwrap_or(0)
}

#[tokio::test(start_paused = true)]
async fn a_chat_takes_a_short_burst_and_then_one_a_second() {
    let times = times(&pace(), 8, |_| 1, false).await;
    assert!(times[2] < Duration::from_millis(300));
    assert!(times[7] >= Duration::from_secs(5));
    assert!(times[7] < Duration::from_secs(6));
}

#[tokio::test(start_paused = true)]
async fn a_group_never_gets_more_than_twenty_in_any_minute() {
    let times = times(&pace(), 70, |_| -1, true).await;
    let most = most_in_any(&times, Duration::from_secs(60));
    assert!((18..=20).contains(&most), "{most}");
}

#[tokio::test(start_paused = true)]
async fn a_bot_never_sends_more_than_thirty_in_any_second() {
    let pace = pace();
    let times = times(&pace, 200, |call| i64::try_from(call).unwrap(), false).await;
    let most = most_in_any(&times, Duration::from_secs(1));
    assert!((24..=30).contains(&most), "{most}");
}

#[tokio::test(start_paused = true)]
async fn a_flooded_chat_waits_and_others_do_not() {
    let pace = pace();
    pace.flood(&1, Duration::from_secs(40));
    assert!(pace.flooded_for(&2).is_none());
    let start = Instant::now();
    pace.ready(&2, false).await;
    assert!(start.elapsed() < Duration::from_secs(1));
    pace.ready(&1, false).await;
    assert!(start.elapsed() >= Duration::from_secs(40));
    assert!(pace.flooded_for(&1).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_flood_that_begins_while_a_call_waits_holds_it_back() {
    let pace = pace();
    times(&pace, 3, |_| 1, false).await;
    let start = Instant::now();
    let waiting = pace.ready(&1, false);
    let flooding = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        pace.flood(&1, Duration::from_secs(30));
    };
    tokio::join!(waiting, flooding);
    assert!(start.elapsed() >= Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn three_flooded_chats_hold_the_whole_bot() {
    let pace = pace();
    for chat in 1..=2 {
        pace.flood(&chat, Duration::from_secs(10));
    }
    assert!(pace.flooded_for(&9).is_none());
    pace.flood(&3, Duration::from_secs(10));
    assert!(pace.flooded_for(&9).is_some());
    tokio::time::advance(Duration::from_secs(11)).await;
    assert!(pace.flooded_for(&9).is_none());
}

#[tokio::test(start_paused = true)]
async fn an_absurd_flood_wait_ends_within_a_day() {
    let pace = pace();
    pace.flood(&1, Duration::MAX);
    assert!(pace.flooded_for(&1).unwrap() <= Duration::from_secs(86_400));
}

#[tokio::test(start_paused = true)]
async fn chats_that_went_quiet_are_forgotten() {
    let pace = pace();
    pace.flood(&1, Duration::from_secs(5));
    times(&pace, 4 * SWEEP_EVERY, |call| i64::try_from(call).unwrap() + 10, true).await;
    assert!(pace.remembered() < 4 * SWEEP_EVERY, "{}", pace.remembered());
}
