//! All checks of the shape, in the order in which they are told.

use super::{confinement, star, unused};
use crate::finding::Finding;
use crate::tidy::tree::Tree;
use crate::workspace::Workspace;

/// Everything about arrows.
pub fn check(workspace: &Workspace, tree: &Tree) -> Vec<Finding> {
    [star::check(workspace), confinement::check(workspace), unused::check(workspace, tree)].concat()
}
