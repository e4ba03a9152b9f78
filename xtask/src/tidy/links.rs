//! What the documents point at exists: linked files, and files of ours in backticks, written as
//! `` `folder/file.toml` `` or `` `crate/src/file.rs::name` ``.

use super::tree::{TextFile, Tree};
use super::words::holds_word;
use crate::finding::Finding;

/// Beginnings of link targets that are not files of this repository.
const ELSEWHERE: [&str; 5] = ["http://", "https://", "mailto:", "#", "tg://"];

/// Links and names that lead nowhere.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.markdown().filter(|file| !file.is_test()) {
        let mut is_sample = false;
        for (index, line) in file.text.lines().enumerate() {
            if line.trim_start().starts_with("```") {
                is_sample = !is_sample;
            }
            if is_sample {
                continue;
            }
            let place = format!("{}:{}", file.path, index + 1);
            let dead = dead_links(tree, file, line).into_iter().chain(dead_names(tree, line));
            findings.extend(dead.map(|target| {
                Finding::error(
                    &place,
                    format!("`{target}` does not exist"),
                    "point at where it is now",
                )
            }));
        }
    }
    findings
}

fn dead_links(tree: &Tree, file: &TextFile, line: &str) -> Vec<String> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter(|target| !ELSEWHERE.iter().any(|start| target.starts_with(start)))
        .filter_map(|target| target.split('#').next())
        .filter(|target| !tree.has(&resolve(&file.path, target)))
        .map(ToOwned::to_owned)
        .collect()
}

/// A link's target relative to the root.
fn resolve(from: &str, target: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}

fn dead_names(tree: &Tree, line: &str) -> Vec<String> {
    line.split('`')
        .skip(1)
        .step_by(2)
        .filter(|quoted| is_our_file(tree, quoted))
        .filter(|quoted| !is_found(tree, quoted))
        .map(ToOwned::to_owned)
        .collect()
}

/// Whether a quoted text names a file below one of our folders. Names with wildcards, braces or
/// gaps are prose.
fn is_our_file(tree: &Tree, quoted: &str) -> bool {
    let is_plain = quoted
        .chars()
        .all(|character| character.is_ascii_alphanumeric() || "/_-.:".contains(character));
    let path = quoted.split("::").next().unwrap_or(quoted);
    let Some((folder, rest)) = path.split_once('/') else {
        return false;
    };
    let has_extension = rest.rsplit('/').next().is_some_and(|name| name.contains('.'));
    is_plain && has_extension && !folder.is_empty() && tree.has(folder)
}

fn is_found(tree: &Tree, quoted: &str) -> bool {
    match quoted.split_once("::") {
        None => tree.has(quoted),
        Some((path, names)) => tree
            .file(path)
            .is_some_and(|file| names.split("::").all(|name| holds_word(&file.text, name))),
    }
}
