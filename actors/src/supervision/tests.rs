use super::{RestartHistory, RestartPolicy, RestartVerdict};
use proptest::prelude::*;
use std::time::Duration;

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[test]
fn waits_double_until_the_longest() {
    let policy = RestartPolicy { crashes_max: 100, ..RestartPolicy::default() };
    let mut history = RestartHistory::default();
    let waits: Vec<_> = (0..12)
        .map(|second| match history.crashed(&policy, seconds(second)) {
            RestartVerdict::Restart { within } => within,
            RestartVerdict::Park { .. } => Duration::ZERO,
        })
        .collect();
    assert_eq!(waits[0], Duration::from_millis(100));
    assert_eq!(waits[1], Duration::from_millis(200));
    assert_eq!(waits[11], policy.backoff_max);
}

#[test]
fn the_sixth_crash_within_a_minute_parks_the_child() {
    let policy = RestartPolicy::default();
    let mut history = RestartHistory::default();
    for second in 0..5 {
        assert!(matches!(
            history.crashed(&policy, seconds(second)),
            RestartVerdict::Restart { .. }
        ));
    }
    assert_eq!(
        history.crashed(&policy, seconds(5)),
        RestartVerdict::Park { for_duration: policy.parked_for }
    );
}

#[test]
fn a_long_healthy_time_starts_the_waits_over() {
    let policy = RestartPolicy::default();
    let mut history = RestartHistory::default();
    history.crashed(&policy, seconds(0));
    history.crashed(&policy, seconds(1));
    let verdict = history.crashed(&policy, seconds(1) + policy.healthy_after);
    assert_eq!(verdict, RestartVerdict::Restart { within: policy.backoff });
}

proptest! {
    #[test]
    fn no_minute_sees_more_than_five_restarts(gaps in proptest::collection::vec(0_u64..30_000, 1..200)) {
        let policy = RestartPolicy::default();
        let mut history = RestartHistory::default();
        let mut now = Duration::ZERO;
        let mut restarts: Vec<Duration> = Vec::new();
        for gap in gaps {
            now += Duration::from_millis(gap);
            match history.crashed(&policy, now) {
                RestartVerdict::Restart { .. } => restarts.push(now),
                RestartVerdict::Park { for_duration } => {
                    now += for_duration;
                    restarts.clear();
                }
            }
            let recent = restarts.iter().filter(|at| now.saturating_sub(**at) <= policy.window).count();
            prop_assert!(recent <= policy.crashes_max);
        }
    }
}
