//! `lib.rs` and `mod.rs` are tables of contents: what, why, what does not belong there, and names.

use super::source::Source;
use super::tree::{TextFile, Tree};
use crate::finding::Finding;

/// Tables of contents without an introduction or with code of their own.
pub fn check(tree: &Tree) -> Vec<Finding> {
    tree.rust()
        .filter(|file| ["lib.rs", "mod.rs"].contains(&file.name()))
        .filter(|file| !file.is_test())
        .flat_map(check_file)
        .collect()
}

fn check_file(file: &TextFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !file.text.starts_with("//!") {
        findings.push(Finding::error(
            format!("{}:1", file.path),
            "does not open with what it holds and why",
            "begin with a `//!` text that also says what does not belong here",
        ));
    }
    let items = items(&Source::scan(&file.text));
    let mut own = items.iter().filter(|(_, item)| !is_name(item));
    findings.extend(own.next().map(|(line, _)| {
        Finding::error(
            format!("{}:{line}", file.path),
            format!("holds code of its own, {} items", 1 + own.count()),
            "move it to files named after what they hold; here only docs, mod and use",
        )
    }));
    findings
}

fn is_name(item: &str) -> bool {
    let after_visibility = match item.strip_prefix("pub(") {
        Some(rest) => rest.split_once(')').map_or(rest, |(_, rest)| rest),
        None => item.strip_prefix("pub ").unwrap_or(item),
    };
    let declared = after_visibility.trim_start();
    declared.starts_with("mod ") || declared.starts_with("use ")
}

/// The items outside of tests, each with the line on which it starts, attributes left out.
fn items(source: &Source) -> Vec<(usize, String)> {
    let mut items = Vec::new();
    let mut current: Option<(usize, String)> = None;
    let mut depth = 0_usize;
    for (index, line) in source.lines.iter().enumerate() {
        let code = line.code.trim();
        if line.is_test || code.is_empty() {
            continue;
        }
        let (_, text) = current.get_or_insert_with(|| (index + 1, String::new()));
        text.push_str(code);
        text.push(' ');
        depth = nesting(code, depth);
        let is_attribute = text.starts_with('#');
        let ends = if is_attribute { &[']'][..] } else { &[';', '}'][..] };
        if depth == 0 && code.ends_with(ends) {
            items.extend(current.take().filter(|_| !is_attribute));
        }
    }
    items.extend(current);
    items
}

fn nesting(code: &str, before: usize) -> usize {
    code.chars().fold(before, |depth, character| match character {
        '{' | '[' | '(' => depth + 1,
        '}' | ']' | ')' => depth.saturating_sub(1),
        _ => depth,
    })
}
