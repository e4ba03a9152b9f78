//! Codes that people meet stand in the reference pages, and nothing else does.

use super::source::Source;
use super::tree::Tree;
use crate::finding::Finding;
use std::collections::BTreeSet;

/// A list in the code that a page has to repeat.
struct List {
    /// Where the codes are defined.
    source: &'static str,
    /// Where they are explained.
    page: &'static str,
    /// Whether a string literal of the source is such a code.
    is_code: fn(&str) -> bool,
    /// Whether a code in backticks on the page has to exist.
    is_listed: fn(&str) -> bool,
}

const ERRORS: &str = "docs/reference/errors.md";

const LISTS: &[List] = &[
    List { source: "domain/src/notice.rs", page: ERRORS, is_code: is_notice, is_listed: is_notice },
    List {
        source: "domain/src/error.rs",
        page: ERRORS,
        is_code: is_problem,
        // Words of this form also name fields; only the other direction can be checked.
        is_listed: |_| false,
    },
    List {
        source: "domain/src/kill_point.rs",
        page: "docs/reference/kill-points.md",
        is_code: is_kill_point,
        is_listed: is_kill_point,
    },
];

fn is_notice(text: &str) -> bool {
    text.strip_prefix("E-").is_some_and(|number| {
        number.len() == 3 && number.chars().all(|digit| digit.is_ascii_digit())
    })
}

fn is_problem(text: &str) -> bool {
    text.len() > 3
        && text.chars().all(|character| character.is_ascii_lowercase() || character == '_')
}

fn is_kill_point(text: &str) -> bool {
    text.strip_prefix('K').is_some_and(|number| {
        !number.is_empty() && number.chars().all(|digit| digit.is_ascii_digit())
    })
}

/// Codes without an explanation, and explanations of codes that do not exist.
pub fn check(tree: &Tree) -> Vec<Finding> {
    LISTS.iter().flat_map(|list| check_list(tree, list)).collect()
}

fn check_list(tree: &Tree, list: &List) -> Vec<Finding> {
    let Some(source) = tree.file(list.source) else {
        return Vec::new();
    };
    let page = tree.file(list.page).map_or("", |file| file.text.as_str());
    let defined = literals(&source.text, list.is_code);
    let explained = quoted(page);
    let mut findings = Vec::new();
    for code in defined.iter().filter(|code| !explained.contains(*code)) {
        findings.push(Finding::error(
            list.source,
            format!("`{code}` is not explained"),
            format!("add a line with `{code}` to {}", list.page),
        ));
    }
    let gone = explained.iter().filter(|code| (list.is_listed)(code) && !defined.contains(*code));
    for code in gone {
        findings.push(Finding::error(
            list.page,
            format!("`{code}` does not exist"),
            format!("take the line out, or define it in {}", list.source),
        ));
    }
    findings
}

/// String literals outside of tests that have the form of a code.
fn literals(text: &str, is_code: fn(&str) -> bool) -> BTreeSet<String> {
    Source::scan(text)
        .lines
        .iter()
        .filter(|line| !line.is_test)
        .flat_map(|line| line.strings.split('"').map(str::trim).map(ToOwned::to_owned))
        .filter(|literal| is_code(literal))
        .collect()
}

/// Texts in backticks.
fn quoted(page: &str) -> BTreeSet<String> {
    page.lines()
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .map(ToOwned::to_owned)
        .collect()
}
