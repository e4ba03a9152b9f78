//! One place in the composition root names concrete types across crates; everything else of it
//! knows one crate at a time.

use super::source::Source;
use super::tree::{TextFile, Tree};
use crate::finding::Finding;
use std::collections::BTreeSet;

const ROOT: &str = "runtime/src/";
const WIRING: &str = "runtime/src/wiring";
/// Crates whose concrete types are put together there.
const PARTS: [&str; 7] = [
    "rookery_actors",
    "rookery_admin_web",
    "rookery_billing",
    "rookery_channels",
    "rookery_llm",
    "rookery_storage",
    "rookery_tools",
];

/// Files of the composition root that know several parts.
pub fn check(tree: &Tree) -> Vec<Finding> {
    tree.rust()
        .filter(|file| file.path.starts_with(ROOT) && !file.path.starts_with(WIRING))
        .filter(|file| !file.is_test())
        .filter_map(check_file)
        .collect()
}

fn check_file(file: &TextFile) -> Option<Finding> {
    let source = Source::scan(&file.text);
    let product = source.lines.iter().filter(|line| !line.is_test);
    let named: BTreeSet<_> = product
        .flat_map(|line| PARTS.iter().filter(|part| line.code.contains(*part)))
        .copied()
        .collect();
    (named.len() > 1).then(|| {
        Finding::warning(
            &file.path,
            format!("names types of {}", named.into_iter().collect::<Vec<_>>().join(" and ")),
            "put the parts together in runtime/src/wiring.rs",
        )
    })
}
