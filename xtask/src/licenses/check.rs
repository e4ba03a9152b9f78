//! The checks over the resolved graph.

use super::expression::is_satisfied;
use super::policy::Policy;
use crate::finding::Finding;
use crate::workspace::{ForeignCrate, Workspace};
use std::collections::{BTreeMap, BTreeSet};

/// Licences, bans, sources, wildcards and duplicates.
pub fn check(workspace: &Workspace, policy: &Policy) -> Vec<Finding> {
    let mut findings = Vec::new();
    for foreign in &workspace.foreign {
        findings.extend(check_license(foreign, policy));
        findings.extend(check_ban(foreign, policy));
        findings.extend(check_source(foreign, policy));
    }
    findings.extend(check_wildcards(workspace));
    findings.extend(check_duplicates(workspace, policy));
    findings
}

fn place(foreign: &ForeignCrate) -> String {
    format!("{} {}", foreign.name, foreign.version)
}

fn check_license(foreign: &ForeignCrate, policy: &Policy) -> Option<Finding> {
    let excepted: Vec<_> = policy
        .licenses
        .exceptions
        .iter()
        .filter(|exception| exception.name == foreign.name)
        .flat_map(|exception| &exception.allow)
        .collect();
    let is_allowed = |name: &str| {
        let mut allowed = policy.licenses.allow.iter().chain(excepted.iter().copied());
        allowed.any(|one| one == name)
    };
    let Some(expression) = &foreign.license else {
        return Some(Finding::error(
            place(foreign),
            "names no licence",
            "read its licence file and replace it or add an exception to deny.toml",
        ));
    };
    match is_satisfied(expression, &is_allowed) {
        Some(true) => None,
        Some(false) => Some(Finding::error(
            place(foreign),
            format!("is under {expression}"),
            "replace it, or add the licence to deny.toml with a reason",
        )),
        None => Some(Finding::error(
            place(foreign),
            format!("has an unreadable licence expression: {expression}"),
            "add an exception to deny.toml with a reason",
        )),
    }
}

fn check_ban(foreign: &ForeignCrate, policy: &Policy) -> Option<Finding> {
    let ban = policy.bans.deny.iter().find(|ban| ban.name == foreign.name)?;
    let others: Vec<_> = foreign
        .dependents
        .iter()
        .filter(|dependent| !ban.wrappers.contains(dependent))
        .map(String::as_str)
        .collect();
    (!others.is_empty() || ban.wrappers.is_empty()).then(|| {
        Finding::error(
            place(foreign),
            format!("is banned, and used by {}", others.join(", ")),
            "go through the crate that deny.toml names as its wrapper",
        )
    })
}

fn check_source(foreign: &ForeignCrate, policy: &Policy) -> Option<Finding> {
    let source = foreign.source.as_deref().unwrap_or("a path outside the workspace");
    let known = match source.split_once('+') {
        Some(("registry" | "sparse", address)) => {
            policy.sources.allow_registry.iter().any(|one| one == address)
        }
        Some(("git", address)) => policy.sources.allow_git.iter().any(|one| {
            address
                .strip_prefix(one.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['?', '#', '/', '.']))
        }),
        _ => false,
    };
    (!known).then(|| {
        Finding::error(
            place(foreign),
            format!("comes from {source}"),
            "depend on a released version from the registry",
        )
    })
}

fn check_wildcards(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in &workspace.members {
        let open = member
            .dependencies
            .iter()
            .filter(|dependency| !dependency.is_local && dependency.version == "*");
        findings.extend(open.map(|dependency| {
            Finding::error(
                &member.name,
                format!("asks for any version of {}", dependency.name),
                "name the version in the workspace's Cargo.toml",
            )
        }));
    }
    findings
}

/// One warning for all duplicates: each alone is rarely worth a line of everybody's attention.
fn check_duplicates(workspace: &Workspace, policy: &Policy) -> Option<Finding> {
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for foreign in &workspace.foreign {
        let accepted = policy.bans.skip.iter().any(|skip| skip.name == foreign.name);
        if !accepted {
            versions.entry(&foreign.name).or_default().insert(&foreign.version);
        }
    }
    let duplicates: Vec<_> = versions
        .into_iter()
        .filter(|(_, versions)| versions.len() > 1)
        .map(|(name, _)| name)
        .collect();
    (!duplicates.is_empty()).then(|| {
        Finding::warning(
            "Cargo.lock",
            format!("{} crates in two versions: {}", duplicates.len(), duplicates.join(", ")),
            "move the older user when it can be; list what stays under bans.skip in deny.toml",
        )
    })
}
