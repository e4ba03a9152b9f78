use super::circuits::CIRCUITS_MAX;
use super::decide::{Admission, Circuit, Outcome};
use super::{BreakerSettings, CircuitKey, Circuits, KeyOwner};
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_oneof, proptest};
use rookery_domain::id::TenantId;
use rookery_domain::testing::SequentialIds;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, advance};

use Outcome::{Abandoned, Answering, Failed, Succeeded};
use Step::{Admit, Record, RecordOld};

/// One thing that happens to a circuit, at a time in milliseconds.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// A call wants to pass, and does or does not.
    Admit(bool),
    /// The newest call that passed ends so.
    Record(Outcome),
    /// The same for a call from the very beginning.
    RecordOld(Outcome),
}

fn settings() -> BreakerSettings {
    BreakerSettings::default()
}

fn play(steps: &[(u64, Step)]) {
    let start = Instant::now();
    let mut circuit = Circuit::default();
    let mut generation = 0;
    for (index, (millis, step)) in steps.iter().enumerate() {
        let now = start + Duration::from_millis(*millis);
        match step {
            Admit(expected) => {
                let (next, admission) = circuit.admit(&settings(), now);
                circuit = next;
                if let Admission::Pass { generation: passed } = admission {
                    generation = passed;
                }
                let passes = matches!(admission, Admission::Pass { .. });
                assert_eq!(passes, *expected, "step {index}: {circuit:?}");
            }
            Record(outcome) => {
                circuit = circuit.record(&settings(), generation, *outcome, now);
            }
            RecordOld(outcome) => {
                let generation = Circuit::FIRST_GENERATION;
                circuit = circuit.record(&settings(), generation, *outcome, now);
            }
        }
    }
}

/// Five failures in a row.
const OPENED: [(u64, Step); 7] = [
    (0, Admit(true)),
    (0, Record(Failed)),
    (1, Record(Failed)),
    (2, Record(Failed)),
    (3, Record(Failed)),
    (3, Admit(true)),
    (4, Record(Failed)),
];

fn after_opening(steps: &[(u64, Step)]) {
    play(&[&OPENED[..], steps].concat());
}

#[tokio::test]
async fn the_fifth_failure_opens_for_the_whole_time() {
    after_opening(&[(5, Admit(false)), (30_003, Admit(false)), (30_004, Admit(true))]);
}

#[tokio::test]
async fn one_probe_passes_at_a_time() {
    after_opening(&[(30_004, Admit(true)), (30_005, Admit(false))]);
}

#[tokio::test]
async fn a_probe_that_fails_opens_the_circuit_again() {
    after_opening(&[
        (30_004, Admit(true)),
        (30_010, Record(Failed)),
        (60_009, Admit(false)),
        (60_010, Admit(true)),
    ]);
}

#[tokio::test]
async fn a_probe_that_succeeds_closes_the_circuit_for_good() {
    after_opening(&[
        (30_004, Admit(true)),
        (30_010, Record(Succeeded)),
        (30_011, Admit(true)),
        (30_012, Record(Failed)),
        (30_013, Admit(true)),
    ]);
}

#[tokio::test]
async fn a_probe_that_answers_lets_others_pass_and_one_failure_opens_the_circuit_again() {
    after_opening(&[
        (30_004, Admit(true)),
        (30_005, Record(Answering)),
        (30_006, Admit(true)),
        (30_007, Record(Failed)),
        (30_008, Admit(false)),
    ]);
}

#[tokio::test]
async fn a_probe_that_nobody_waited_for_is_given_back() {
    after_opening(&[(30_004, Admit(true)), (30_005, Record(Abandoned)), (30_006, Admit(true))]);
}

#[tokio::test]
async fn outcomes_of_calls_from_before_the_circuit_opened_count_no_more() {
    for (outcome, until) in [(Succeeded, Succeeded), (Failed, Succeeded), (Abandoned, Abandoned)] {
        after_opening(&[
            (5, RecordOld(outcome)),
            (6, Admit(false)),
            (30_004, Admit(true)),
            (30_005, RecordOld(outcome)),
            (30_006, Admit(false)),
            (30_007, Record(until)),
            (30_008, Admit(true)),
        ]);
    }
}

#[tokio::test]
async fn a_success_in_between_starts_the_count_again() {
    let mut steps = OPENED.to_vec();
    steps.insert(4, (3, Record(Succeeded)));
    steps.push((5, Admit(true)));
    play(&steps);
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    prop_oneof![Just(Answering), Just(Succeeded), Just(Failed), Just(Abandoned),]
}

proptest! {
    #[test]
    fn a_circuit_refuses_only_after_enough_failures_and_never_beyond_its_time(
        events in proptest::collection::vec((0_u64..20_000, outcomes(), any::<bool>()), 0..200),
    ) {
        let settings = settings();
        let mut now = Instant::now();
        let mut circuit = Circuit::default();
        let mut failures = 0_u32;
        for (millis, outcome, admit_first) in events {
            now += Duration::from_millis(millis);
            let (next, admission) = circuit.admit(&settings, now);
            if admit_first {
                circuit = next;
            }
            match admission {
                Admission::Pass { generation } => {
                    circuit = next.record(&settings, generation, outcome, now);
                    failures += u32::from(outcome == Failed);
                }
                Admission::Refuse { wait } => {
                    prop_assert!(failures >= settings.failures_max);
                    prop_assert!(wait <= settings.open_for);
                    // Whatever happened before, after the whole time somebody may try.
                    let later = now + settings.open_for;
                    let (_, admission) = circuit.admit(&settings, later);
                    let passes = matches!(admission, Admission::Pass { .. });
                    prop_assert!(passes);
                }
            }
        }
    }
}

fn key(owner: KeyOwner) -> CircuitKey {
    CircuitKey { provider: Arc::from("main"), owner }
}

#[tokio::test(start_paused = true)]
async fn circuits_are_separate_by_key_and_forgotten_when_they_are_well() {
    let tenant = KeyOwner::Tenant(TenantId::generate(&SequentialIds::default()));
    let circuits = Circuits::new(settings());
    let admit = |owner| circuits.admit(key(owner), Instant::now());
    for _ in 0..5 {
        admit(tenant).unwrap().failed();
    }
    assert!(admit(tenant).is_err());
    assert!(circuits.is_open(&key(tenant), Instant::now()));
    admit(KeyOwner::Installation).unwrap().succeeded();
    assert_eq!(circuits.len(), 1, "what is well is not kept");

    advance(Duration::from_secs(30)).await;
    let probe = admit(tenant).unwrap();
    assert!(admit(tenant).is_err());
    drop(probe);
    admit(tenant).unwrap().succeeded();
    assert_eq!(circuits.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_number_of_circuits_has_a_limit() {
    let ids = SequentialIds::default();
    let circuits = Circuits::new(BreakerSettings { failures_max: 1, ..settings() });
    let fail = || {
        let owner = KeyOwner::Tenant(TenantId::generate(&ids));
        circuits.admit(key(owner), Instant::now()).unwrap().failed();
        owner
    };
    for _ in 0..CIRCUITS_MAX {
        fail();
    }
    assert_eq!(circuits.len(), CIRCUITS_MAX);
    let untracked = fail();
    assert_eq!(circuits.len(), CIRCUITS_MAX);
    assert!(circuits.admit(key(untracked), Instant::now()).is_ok());

    advance(Duration::from_secs(31)).await;
    fail();
    assert_eq!(circuits.len(), 1, "those whose time is over make room");
}
