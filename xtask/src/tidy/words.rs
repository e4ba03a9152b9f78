//! Words that mean "unfinished", names that say nothing, and traces of one machine.

use super::source::Source;
use super::tree::{TextFile, Tree};
use crate::finding::Finding;

/// Written in halves, so that this file does not find itself.
const UNFINISHED: [&str; 5] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("unimple", "mented!"),
    concat!("to", "do!"),
];
/// A name that says where something was put, not what it is.
const EMPTY_NAMES: [&str; 6] = ["utils", "util", "common", "helpers", "helper", "misc"];
/// Beginnings of paths that exist on one machine only.
const MACHINE_PATHS: [&str; 4] =
    [concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Us", "ers/"), concat!("/wo", "rk/")];

/// Words, file names and paths that do not belong.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files() {
        findings.extend(check_name(file));
        if is_lock(file) {
            findings.extend(check_lock(file));
            continue;
        }
        findings.extend(check_machine_paths(file));
        if file.is_rust() {
            findings.extend(check_rust(file));
        }
    }
    findings
}

fn is_lock(file: &TextFile) -> bool {
    file.name() == "package-lock.json" || file.name() == "Cargo.lock"
}

/// A lock file for Node may name versions and digests, and no address of a mirror.
fn check_lock(file: &TextFile) -> Vec<Finding> {
    let names_an_address =
        file.name() == "package-lock.json" && file.text.contains("\"resolved\":");
    names_an_address
        .then(|| {
            Finding::error(
                &file.path,
                "names the address from which packages came",
                "write it again with npm's omit-lockfile-registry-resolved",
            )
        })
        .into_iter()
        .collect()
}

fn check_name(file: &TextFile) -> Option<Finding> {
    let stems = file.path.split('/').map(|part| part.split('.').next().unwrap_or(part));
    let empty: Vec<_> = stems.filter(|stem| EMPTY_NAMES.contains(stem)).collect();
    (!empty.is_empty()).then(|| {
        Finding::error(
            &file.path,
            format!("`{}` says nothing", empty.join("/")),
            "name the file after what it holds",
        )
    })
}

fn check_machine_paths(file: &TextFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        let found = MACHINE_PATHS.iter().find(|path| starts_a_path(line, path));
        findings.extend(found.map(|path| {
            Finding::error(
                format!("{}:{}", file.path, index + 1),
                format!("a path of one machine: {path}"),
                "use a path relative to the repository, or a temporary folder",
            )
        }));
    }
    findings
}

/// Whether the path occurs at the beginning of a path, not inside one.
fn starts_a_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        before.is_none_or(|character| !(character.is_alphanumeric() || "._-/}".contains(character)))
    })
}

fn check_rust(file: &TextFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in Source::scan(&file.text).lines.iter().enumerate() {
        let place = || format!("{}:{}", file.path, index + 1);
        let written = [&line.code, &line.comments];
        let unfinished =
            UNFINISHED.iter().find(|word| written.iter().any(|layer| holds_word(layer, word)));
        findings.extend(unfinished.map(|word| {
            Finding::error(
                place(),
                format!("`{word}` marks something unfinished"),
                "finish it, or leave it out and say so in the documents",
            )
        }));
        let code = line.code.replace(' ', "");
        if code.contains("#[allow(") || code.contains("#![allow(") {
            findings.push(Finding::error(
                place(),
                "silences a lint for ever",
                "use `#[expect(…, reason = \"…\")]`, which tells when it is no longer needed",
            ));
        }
    }
    findings
}

/// Whether a word stands in a text by itself. The macros among the words bring their own end.
pub fn holds_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let is_part = |character: char| character.is_alphanumeric() || character == '_';
        let before = text.get(..at).and_then(|part| part.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|part| part.chars().next());
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}
