//! The arrows between our own crates.

use crate::finding::Finding;
use crate::workspace::{Member, Workspace};

/// Every library crate with the siblings that it may see.
const LIBRARIES: &[(&str, &[&str])] = &[
    ("rookery-domain", &[]),
    ("rookery-control", &["rookery-domain"]),
    ("rookery-storage", &["rookery-domain"]),
    ("rookery-channels", &["rookery-domain"]),
    ("rookery-llm", &["rookery-domain"]),
    ("rookery-tools", &["rookery-domain"]),
    ("rookery-billing", &["rookery-domain"]),
    ("rookery-actors", &["rookery-domain"]),
    ("rookery-admin-web", &["rookery-domain", "rookery-control"]),
];
const RUNTIME: &str = "rookery-runtime";
const TESTS: &str = "rookery-tests";
const BENCH: &str = "rookery-bench";
const XTASK: &str = "rookery-xtask";

enum Reach {
    These(&'static [&'static str]),
    Libraries,
    LibrariesAndRuntime,
    Everything,
}

impl Reach {
    fn of(name: &str) -> Option<Self> {
        match name {
            RUNTIME => Some(Self::Libraries),
            TESTS => Some(Self::LibrariesAndRuntime),
            BENCH => Some(Self::Everything),
            XTASK => Some(Self::These(&[])),
            _ => LIBRARIES
                .iter()
                .find(|(library, _)| *library == name)
                .map(|(_, siblings)| Self::These(siblings)),
        }
    }

    fn allows(&self, name: &str) -> bool {
        let is_library = LIBRARIES.iter().any(|(library, _)| *library == name);
        match self {
            Self::These(names) => names.contains(&name),
            Self::Libraries => is_library,
            Self::LibrariesAndRuntime => is_library || name == RUNTIME,
            Self::Everything => is_library || name == RUNTIME || name == TESTS,
        }
    }
}

/// Arrows that leave the star, development dependencies included.
pub fn check(workspace: &Workspace) -> Vec<Finding> {
    workspace.members.iter().flat_map(check_member).collect()
}

fn check_member(member: &Member) -> Vec<Finding> {
    let Some(reach) = Reach::of(&member.name) else {
        return vec![Finding::error(
            &member.name,
            "this crate has no place in the star",
            "give it a row in xtask/src/arch/star.rs and a section in ARCHITECTURE.md",
        )];
    };
    member
        .dependencies
        .iter()
        .filter(|dependency| dependency.is_local && dependency.name != member.name)
        .filter(|dependency| !reach.allows(&dependency.name))
        .map(|dependency| {
            Finding::error(
                &member.name,
                format!("depends on its sibling {}", dependency.name),
                "put the shared word or promise into domain and hand the implementation in \
                 from runtime/src/wiring.rs",
            )
        })
        .collect()
}
