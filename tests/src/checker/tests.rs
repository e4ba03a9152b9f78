//! Every verdict has a control run: a history that violates it and nothing else.

use super::{Allowed, Report, check};
use crate::history::{Entry, Event};

#[derive(Default)]
struct Run(Vec<Entry>);

impl Run {
    fn at(mut self, at_ms: u64, event: Event) -> Self {
        self.0.push(Entry { at_ms, event });
        self
    }

    fn with(self, event: Event) -> Self {
        self.at(0, event)
    }

    fn said(self, conversation: &str, ordinal: u64) -> Self {
        let marker = format!("{conversation}-{ordinal}");
        let conversation = conversation.to_owned();
        self.with(Event::Submitted { conversation, ordinal, marker: marker.clone() })
            .with(Event::Acknowledged { marker })
    }

    /// The n-th delivery appears in the n-th second.
    fn answered(self, conversation: &str, marker: &str, order: u64) -> Self {
        self.with(Event::Delivered {
            conversation: conversation.to_owned(),
            marker: Some(marker.to_owned()),
            order,
            seen_ms: order * 1_000,
        })
    }

    fn report(self) -> Report {
        check(&self.0)
    }
}

fn killed(point: &str) -> Event {
    Event::Killed { point: point.to_owned() }
}

fn two_answered() -> Run {
    Run::default().said("a", 1).said("a", 2).answered("a", "a-1", 1).answered("a", "a-2", 2)
}

#[test]
fn a_clean_history_has_no_violation() {
    let report = two_answered().said("b", 1).answered("b", "b-1", 3).report();
    assert_eq!((report.submitted, report.acknowledged, report.answered), (3, 3, 3));
    assert_eq!(report.violations(Allowed::WITH_KEYS), [""; 0]);
    assert_eq!(report.answered_percent(), 100);
}

#[test]
fn an_acknowledged_message_without_an_answer_is_lost() {
    let report = two_answered().said("a", 3).report();
    assert_eq!(report.lost, ["a-3"]);
    assert_eq!(report.violations(Allowed::WITHOUT_KEYS).len(), 1);
    assert_eq!(report.answered_percent(), 66);
}

#[test]
fn a_message_that_was_never_acknowledged_is_not_lost_and_is_recovered_by_an_answer() {
    let silent = |ordinal: u64| Event::Submitted {
        conversation: "a".to_owned(),
        ordinal,
        marker: format!("a-{ordinal}"),
    };
    let report = two_answered().with(silent(3)).with(silent(4)).answered("a", "a-4", 3).report();
    assert_eq!(report.lost, [""; 0]);
    assert_eq!(report.recovered, ["a-4"]);
    assert_eq!(report.violations(Allowed::WITH_KEYS), [""; 0]);
}

#[test]
fn an_undeclared_repeat_is_a_violation_even_with_a_kill_in_its_send_window() {
    let report = two_answered().answered("a", "a-2", 3).at(2_100, killed("K8")).report();
    assert_eq!(report.duplicated[0].windows_ms, [Some(100)]);
    assert_eq!(report.violations(Allowed::WITHOUT_KEYS).len(), 1);
}

#[test]
fn a_declared_repeat_is_excused_only_by_a_kill_soon_after_the_copy_before_it() {
    let declared = Event::DeclaredAmbiguous { marker: "a-2".to_owned() };
    let repeated = || two_answered().answered("a", "a-2", 3).with(declared.clone());
    let excused = repeated().at(2_100, killed("K8")).report();
    assert_eq!(excused.violations(Allowed::WITHOUT_KEYS), [""; 0]);
    assert_eq!((excused.repeats(), excused.window_ms_max()), (1, 100));
    assert_eq!(excused.violations(Allowed::WITH_KEYS).len(), 1);
    let read_late = repeated().at(1_900, killed("K8")).report();
    assert_eq!(read_late.duplicated[0].windows_ms, [Some(0)]);
    for elsewhere in [1_899, 2_900, 3_100] {
        let report = repeated().at(elsewhere, killed("K8")).report();
        assert_eq!(report.violations(Allowed::WITHOUT_KEYS).len(), 1, "{elsewhere}");
    }
    let twice = repeated().answered("a", "a-2", 4).at(2_100, killed("K8")).report();
    assert_eq!(twice.duplicated[0].windows_ms, [Some(100), None]);
    assert_eq!(twice.violations(Allowed::WITHOUT_KEYS).len(), 1);
}

#[test]
fn answers_that_changed_places_are_reordered() {
    let report = Run::default()
        .said("a", 1)
        .said("a", 2)
        .answered("a", "a-2", 1)
        .answered("a", "a-1", 2)
        .report();
    assert_eq!(report.reordered.len(), 1);
    assert_eq!(
        (report.reordered[0].earlier.as_str(), report.reordered[0].later.as_str()),
        ("a-1", "a-2")
    );
    assert_eq!(report.violations(Allowed::WITHOUT_KEYS).len(), 1);
}

#[test]
fn the_order_between_conversations_and_of_repeats_does_not_matter() {
    let report = two_answered()
        .said("b", 1)
        .answered("b", "b-1", 0)
        .answered("a", "a-1", 9)
        .with(Event::DeclaredAmbiguous { marker: "a-1".to_owned() })
        .at(1_000, killed("random"))
        .report();
    assert_eq!(report.reordered, []);
    assert_eq!(report.violations(Allowed::WITHOUT_KEYS), [""; 0]);
}

#[test]
fn an_answer_to_nothing_or_in_another_conversation_is_unexpected() {
    let report = two_answered()
        .answered("a", "z-9", 3)
        .answered("b", "a-1", 4)
        .with(Event::Delivered {
            conversation: "a".to_owned(),
            marker: None,
            order: 5,
            seen_ms: 5_000,
        })
        .report();
    assert_eq!(report.unexpected.len(), 3);
    assert_eq!(report.violations(Allowed::WITHOUT_KEYS).len(), 1);
}

#[test]
fn kills_fragments_and_the_longest_restart_are_counted() {
    let report = two_answered()
        .with(killed("K4"))
        .with(killed("K4"))
        .with(Event::Restarted { ready_ms: 120 })
        .with(Event::Restarted { ready_ms: 80 })
        .with(Event::Fragment { conversation: "a".to_owned() })
        .report();
    assert_eq!(report.kills["K4"], 2);
    assert_eq!((report.ready_ms_max, report.fragments), (120, 1));
}

#[test]
fn a_declared_silence_is_excused_only_where_the_bot_prefers_it() {
    let report = || {
        two_answered()
            .said("a", 3)
            .with(Event::DeclaredAmbiguous { marker: "a-3".to_owned() })
            .with(killed("K8"))
            .report()
    };
    assert_eq!((report().lost.len(), report().silent.len()), (0, 1));
    assert_eq!(report().violations(Allowed::WITHOUT_KEYS).len(), 1);
    assert_eq!(report().violations(Allowed::STAY_SILENT), [""; 0]);
}

#[test]
fn a_bot_that_stays_silent_may_not_repeat_even_what_it_declared_nor_leave_out_what_it_did_not() {
    let repeated = two_answered()
        .with(Event::DeclaredAmbiguous { marker: "a-2".to_owned() })
        .answered("a", "a-2", 3)
        .at(2_100, killed("K8"))
        .report();
    assert_eq!(repeated.violations(Allowed::WITHOUT_KEYS), [""; 0]);
    assert_eq!(repeated.violations(Allowed::STAY_SILENT).len(), 1);
    let undeclared = two_answered().said("a", 3).report();
    assert_eq!(undeclared.violations(Allowed::STAY_SILENT).len(), 1);
}
