use super::table::shown;
use super::{Figure, Promise, Report};
use crate::machine::Machine;

fn report(figures: Vec<Figure>) -> Report {
    let machine = Machine {
        cores: 2,
        cpu: "test".to_owned(),
        memory_mib: 4_096,
        kernel: "test".to_owned(),
        fsync_ms: 1.0,
        busy_percent: 1.0,
    };
    Report { machine, quick: false, figures, failures: Vec::new() }
}

#[test]
fn a_ratio_is_judged_once_promise_and_ceiling_are_known() {
    let figure = Figure::new("P1", "acks", 600.0, "/s").promised(Promise::ratio_at_least(0.6));
    assert_eq!(figure.met, None);
    assert_eq!(figure.clone().beside(1_000.0).met, Some(true));
    assert_eq!(figure.clone().beside(1_001.0).met, Some(false));
    assert_eq!(figure.beside(0.0).ratio, None);
}

#[test]
fn a_bound_itself_keeps_the_promise() {
    let promise = Promise::value_at_most(25.0);
    assert_eq!(Figure::new("P3", "p99", 25.0, "ms").promised(promise).met, Some(true));
    assert_eq!(Figure::new("P3", "p99", 25.1, "ms").promised(promise).met, Some(false));
    let growth = Figure::new("P10", "cost", 1.3, "ms").promised(Promise::ratio_at_most(1.25));
    assert_eq!(growth.beside(1.0).met, Some(false));
}

#[test]
fn the_table_lines_up_and_names_what_is_missed() {
    let figures = vec![
        Figure::new("P1", "acks", 12_345.6, "/s")
            .beside(20_000.0)
            .promised(Promise::ratio_at_least(0.6)),
        Figure::new("P11", "CPU of a turn", 2.0, "ms")
            .promised(Promise::value_at_most(1.5))
            .noted("user and system"),
    ];
    let table = report(figures).to_table();
    assert!(table.contains("12346 /s"));
    assert!(table.contains("ratio ≥ 0.6  yes"));
    assert!(table.contains("≤ 1.50 ms    NO"));
    assert!(table.contains("P11 CPU of a turn: user and system"));
}

#[test]
fn a_busy_machine_is_named() {
    let mut busy = report(Vec::new());
    assert!(!busy.to_table().contains("not to be quoted"));
    busy.machine.busy_percent = 50.0;
    assert!(busy.to_table().contains("not to be quoted"));
}

#[test]
fn json_leaves_out_what_is_not_known() {
    let json = serde_json::to_value(report(vec![Figure::new("P6", "start", 0.1, "s")])).unwrap();
    let figure = &json["figures"][0];
    assert_eq!(figure["value"], 0.1);
    assert!(figure.get("ceiling").is_none() && figure.get("met").is_none());
}

#[test]
fn numbers_are_as_long_as_they_are_worth() {
    assert_eq!(shown(1234.5), "1234");
    assert_eq!(shown(12.34), "12.3");
    assert_eq!(shown(1.234), "1.23");
}
