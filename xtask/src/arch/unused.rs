//! Dependencies that are declared and used by nobody: they cost compile time and hide what a crate
//! really needs.

use crate::finding::Finding;
use crate::tidy::tree::Tree;
use crate::tidy::words::holds_word;
use crate::workspace::{Member, Workspace};
use std::collections::BTreeSet;

const MANIFEST: &str = "Cargo.toml";

/// Dependencies of members that no file of theirs names, and entries of the workspace's table that
/// no member asks for.
pub fn check(workspace: &Workspace, tree: &Tree) -> Vec<Finding> {
    let mut findings: Vec<_> =
        workspace.members.iter().flat_map(|member| unnamed(member, tree)).collect();
    findings.extend(unasked(workspace, tree));
    findings
}

fn unnamed(member: &Member, tree: &Tree) -> Vec<Finding> {
    let folder = format!("{}/", member.folder);
    let names: BTreeSet<_> = member
        .dependencies
        .iter()
        .map(|dependency| dependency.name.as_str())
        .filter(|name| *name != member.name)
        .collect();
    names
        .into_iter()
        .filter(|name| {
            let word = name.replace('-', "_");
            !tree
                .rust()
                .filter(|file| file.path.starts_with(&folder))
                .any(|file| holds_word(&file.text, &word))
        })
        .map(|name| {
            Finding::warning(
                &member.name,
                format!("asks for {name} and names it nowhere"),
                "take it out of the manifest",
            )
        })
        .collect()
}

fn unasked(workspace: &Workspace, tree: &Tree) -> Vec<Finding> {
    let asked: BTreeSet<_> = workspace
        .members
        .iter()
        .flat_map(|member| &member.dependencies)
        .map(|dependency| dependency.name.as_str())
        .collect();
    let manifest = tree.file(MANIFEST).map_or("", |file| file.text.as_str());
    let table: toml::Table = toml::from_str(manifest).unwrap_or_default();
    let offered = table
        .get("workspace")
        .and_then(|workspace| workspace.get("dependencies"))
        .and_then(toml::Value::as_table);
    let unused = offered
        .into_iter()
        .flat_map(toml::Table::keys)
        .filter(|name| !asked.contains(name.as_str()));
    unused
        .map(|name| {
            Finding::warning(
                MANIFEST,
                format!("offers {name}, which no crate asks for"),
                "take it out of workspace.dependencies",
            )
        })
        .collect()
}
