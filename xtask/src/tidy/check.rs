//! All rules about text, in the order in which they are told.

use super::tree::Tree;
use super::{
    architecture, configuration, decisions, links, modules, reference, sizes, vendors, wiring,
    words,
};
use crate::finding::Finding;

/// Everything about text. `members` are the folders of the workspace's crates.
pub fn check(tree: &Tree, members: &[String]) -> Vec<Finding> {
    [
        sizes::check(tree),
        modules::check(tree),
        words::check(tree),
        vendors::check(tree),
        wiring::check(tree),
        configuration::check(tree),
        reference::check(tree),
        decisions::check(tree),
        architecture::check(tree, members),
        links::check(tree),
    ]
    .concat()
}
