//! `ARCHITECTURE.md` has a section for every crate, and every section says what is absent there.

use super::tree::Tree;
use crate::finding::Finding;

const PAGE: &str = "ARCHITECTURE.md";
const INVARIANT: &str = "**Invariant:**";

/// Crates without a section, and sections without an invariant.
pub fn check(tree: &Tree, members: &[String]) -> Vec<Finding> {
    let Some(page) = tree.file(PAGE) else {
        return vec![Finding::error(
            PAGE,
            "is missing",
            "write it: bird's eye, entry points, code map, walk-throughs, concerns",
        )];
    };
    let sections = sections(&page.text);
    let mut findings = Vec::new();
    for member in members {
        let heading = format!("`{member}/`");
        match sections.iter().find(|(title, _)| title.contains(&heading)) {
            None => findings.push(Finding::error(
                PAGE,
                format!("has no section for {heading}"),
                format!("add a heading with {heading} to the code map"),
            )),
            Some((_, body)) if !body.contains(INVARIANT) => findings.push(Finding::error(
                PAGE,
                format!("the section on {heading} has no invariant"),
                format!("end it with a {INVARIANT} line that says what is absent there"),
            )),
            Some(_) => {}
        }
    }
    findings
}

/// Headings with the text up to the next heading.
fn sections(text: &str) -> Vec<(&str, String)> {
    let mut sections: Vec<(&str, String)> = Vec::new();
    for line in text.lines() {
        if line.starts_with('#') {
            sections.push((line, String::new()));
        } else if let Some((_, body)) = sections.last_mut() {
            body.push_str(line);
            body.push('\n');
        }
    }
    sections
}
