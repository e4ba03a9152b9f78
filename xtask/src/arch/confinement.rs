//! Which of our crates may name which library: the reason why a library can be replaced.

use crate::finding::Finding;
use crate::workspace::{Use, Workspace};

/// Where a library may be used.
struct Confinement {
    /// The library, or a prefix of its name that ends with `*`.
    library: &'static str,
    /// Who may use it.
    crates: &'static [&'static str],
    /// Whether any crate's tests may, and what a crate offers to tests behind a feature.
    in_any_tests: bool,
}

const fn only(library: &'static str, crates: &'static [&'static str]) -> Confinement {
    Confinement { library, crates, in_any_tests: false }
}

const fn also_in_tests(library: &'static str, crates: &'static [&'static str]) -> Confinement {
    Confinement { library, crates, in_any_tests: true }
}

const STORAGE: &[&str] = &["rookery-storage"];
const CHANNELS: &[&str] = &["rookery-channels"];
const HTTP_SERVERS: &[&str] =
    &["rookery-runtime", "rookery-admin-web", "rookery-tests", "rookery-bench"];

const TABLE: &[Confinement] = &[
    only("sea-orm*", STORAGE),
    only("redis", STORAGE),
    only("qdrant*", STORAGE),
    // The benchmark's ceiling is a bare program that makes the same statements.
    only("sqlx", &["rookery-storage", "rookery-bench"]),
    only("ractor*", &["rookery-actors", "rookery-runtime"]),
    only("teloxide*", CHANNELS),
    only("serenity", CHANNELS),
    only("twilight*", CHANNELS),
    only("slack-morphism", CHANNELS),
    only("governor", CHANNELS),
    only("genai", &["rookery-llm"]),
    only("wasmtime*", &["rookery-tools"]),
    only("maud", &["rookery-admin-web"]),
    only("config", &["rookery-runtime"]),
    only("clap_complete", &["rookery-runtime"]),
    also_in_tests("tracing-subscriber", &["rookery-runtime", "rookery-tests", "rookery-bench"]),
    only("metrics-exporter-prometheus", &["rookery-runtime"]),
    also_in_tests("axum", HTTP_SERVERS),
    also_in_tests("tower", HTTP_SERVERS),
    also_in_tests("tower-http", HTTP_SERVERS),
    // The two versions of one HTTP client, each beside the library that brings it.
    also_in_tests("reqwest012", &["rookery-channels", "rookery-runtime"]),
    also_in_tests("reqwest", &["rookery-llm", "rookery-runtime", "rookery-tests", "rookery-bench"]),
    also_in_tests(
        "anyhow",
        &["rookery-runtime", "rookery-tests", "rookery-bench", "rookery-xtask"],
    ),
];

/// What `domain` may not use at all: it is words and promises.
const NOT_IN_DOMAIN: &[&str] =
    &["tokio", "tokio-util", "tokio-stream", "hyper", "tracing", "metrics"];

/// Libraries used outside their crate.
pub fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in &workspace.members {
        for dependency in member.dependencies.iter().filter(|one| !one.is_local) {
            let is_test = dependency.used == Use::Development;
            let home = TABLE.iter().find(|entry| matches(entry.library, &dependency.name));
            if let Some(entry) = home
                && !entry.crates.contains(&member.name.as_str())
                && !((is_test || dependency.is_optional) && entry.in_any_tests)
            {
                findings.push(Finding::error(
                    &member.name,
                    format!("uses {}", dependency.name),
                    format!("only {} may; go through a port of domain", entry.crates.join(", ")),
                ));
            }
            if member.name == "rookery-domain"
                && !is_test
                && NOT_IN_DOMAIN.contains(&dependency.name.as_str())
            {
                findings.push(Finding::error(
                    &member.name,
                    format!("uses {}", dependency.name),
                    "domain has no I/O and no runtime; move the code to the crate that does it",
                ));
            }
        }
    }
    findings
}

fn matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |prefix| name.starts_with(prefix))
}
