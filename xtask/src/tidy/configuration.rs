//! Every key of the default configuration has a sentence above it or behind it.

use super::tree::{TextFile, Tree};
use crate::finding::Finding;

const DEFAULTS: &str = "config/default.toml";

/// Keys without a sentence.
pub fn check(tree: &Tree) -> Vec<Finding> {
    tree.file(DEFAULTS).map(check_file).unwrap_or_default()
}

fn check_file(file: &TextFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut is_explained = false;
    let mut open_brackets = 0_usize;
    for (index, line) in file.text.lines().enumerate() {
        let line = line.trim();
        let is_inside_value = open_brackets > 0;
        let (code, comment) = split_comment(line);
        open_brackets = brackets(code, open_brackets);
        if is_inside_value {
            continue;
        }
        let key = key(code);
        if let Some(key) = key
            && !is_explained
            && comment.is_empty()
        {
            findings.push(Finding::error(
                format!("{}:{}", file.path, index + 1),
                format!("`{key}` is not explained"),
                "write a sentence above it: what it does, its unit, what the default means",
            ));
        }
        is_explained = code.trim().is_empty() && !comment.is_empty();
    }
    findings
}

/// Code and comment of a line; a `#` inside quotes is neither.
fn split_comment(line: &str) -> (&str, &str) {
    let mut quote: Option<char> = None;
    for (at, character) in line.char_indices() {
        match (quote, character) {
            (None, '#') => return line.split_at(at),
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            _ => {}
        }
    }
    (line, "")
}

fn brackets(code: &str, before: usize) -> usize {
    if before == 0 && !code.contains('=') {
        return 0;
    }
    code.chars().fold(before, |open, character| match character {
        '[' | '{' => open + 1,
        ']' | '}' => open.saturating_sub(1),
        _ => open,
    })
}

fn key(code: &str) -> Option<&str> {
    let (key, _) = code.split_once('=')?;
    let key = key.trim();
    let is_key = !key.is_empty()
        && key.chars().all(|character| character.is_alphanumeric() || "_-.\"".contains(character));
    is_key.then_some(key)
}
