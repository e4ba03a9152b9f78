//! Files and functions that fit into a head.

use super::source::Source;
use super::tree::{TextFile, Tree};
use crate::finding::Finding;

/// From here a file is worth a second look.
const FILE_LINES_WARN: usize = 400;
/// From here a file has to be split.
const FILE_LINES_MAX: usize = 600;
/// From here a function is worth a second look. Clippy refuses more than this many lines of code.
const FUNCTION_LINES_WARN: usize = 70;

/// Files and functions over their size.
pub fn check(tree: &Tree) -> Vec<Finding> {
    tree.rust().filter(|file| !is_exempt(file)).flat_map(check_file).collect()
}

/// Tests beside their module, except for the suites that every implementation runs; and migrations,
/// which are written once and never edited.
fn is_exempt(file: &TextFile) -> bool {
    let is_suite = file.path.contains("/testing/") && file.name() != "tests.rs";
    let is_migration = file.path.contains("/migration/") || file.path.contains("/migrations/");
    (file.is_test() && !is_suite) || is_migration
}

fn check_file(file: &TextFile) -> Vec<Finding> {
    let source = Source::scan(&file.text);
    let mut findings = Vec::new();
    let lines = source.product_lines();
    if lines > FILE_LINES_MAX {
        findings.push(Finding::error(
            &file.path,
            format!("{lines} lines, more than {FILE_LINES_MAX}"),
            "split it by what it holds",
        ));
    } else if lines > FILE_LINES_WARN {
        findings.push(Finding::warning(
            &file.path,
            format!("{lines} lines, more than {FILE_LINES_WARN}"),
            "look whether it holds two things",
        ));
    }
    let long =
        source.functions().into_iter().filter(|function| function.lines > FUNCTION_LINES_WARN);
    findings.extend(long.map(|function| {
        Finding::warning(
            format!("{}:{}", file.path, function.line),
            format!(
                "{} has {} lines, more than {FUNCTION_LINES_WARN}",
                function.name, function.lines
            ),
            "keep the branching and move the leaves out",
        )
    }));
    findings
}
