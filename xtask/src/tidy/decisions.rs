//! Records of decisions: numbered without a gap in meaning, one page, three parts.

use super::tree::{TextFile, Tree};
use crate::finding::Finding;
use std::collections::BTreeMap;

const FOLDER: &str = "docs/adr/";
const PARTS: [&str; 3] = ["## Context", "## Decision", "## Consequences"];
/// One page.
const LINES_WARN: usize = 90;

/// Records without their parts, over a page, or with a number that is taken.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut numbers: BTreeMap<&str, &str> = BTreeMap::new();
    let mut findings = Vec::new();
    for file in tree.markdown() {
        let Some(name) = file.path.strip_prefix(FOLDER) else {
            continue;
        };
        let number = name.split('-').next().unwrap_or_default();
        if number.len() != 4 || !number.chars().all(|digit| digit.is_ascii_digit()) {
            findings.push(Finding::error(
                &file.path,
                "is not numbered",
                "name it NNNN-what-was-decided.md",
            ));
        } else if let Some(other) = numbers.insert(number, &file.path) {
            findings.push(Finding::error(
                &file.path,
                format!("has the number of {other}"),
                "take the next free number",
            ));
        }
        findings.extend(check_parts(file));
    }
    findings
}

fn check_parts(file: &TextFile) -> Vec<Finding> {
    let lines: Vec<_> = file.text.lines().map(str::trim).collect();
    let mut findings: Vec<_> = PARTS
        .iter()
        .filter(|part| !lines.contains(part))
        .map(|part| {
            Finding::error(
                &file.path,
                format!("has no `{part}`"),
                "a record has context, decision and consequences",
            )
        })
        .collect();
    if lines.len() > LINES_WARN {
        findings.push(Finding::warning(
            &file.path,
            format!("{} lines, more than a page", lines.len()),
            "keep what a later reader needs to reconsider the decision",
        ));
    }
    findings
}
