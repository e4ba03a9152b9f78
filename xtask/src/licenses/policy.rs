//! The part of `deny.toml` that is checked here. Keys of other tools' interest are ignored.

use serde::Deserialize;

/// What may be depended on.
#[derive(Debug, Clone, Deserialize)]
pub struct Policy {
    /// Under which licences.
    pub licenses: Licenses,
    /// What is refused, or confined.
    pub bans: Bans,
    /// From where.
    pub sources: Sources,
}

/// The `licenses` table.
#[derive(Debug, Clone, Deserialize)]
pub struct Licenses {
    /// SPDX names, with their exception where they have one.
    pub allow: Vec<String>,
    /// More for single crates.
    #[serde(default)]
    pub exceptions: Vec<Exception>,
}

/// A licence that one crate may have.
#[derive(Debug, Clone, Deserialize)]
pub struct Exception {
    /// Which crate.
    #[serde(rename = "crate")]
    pub name: String,
    /// Which licences.
    pub allow: Vec<String>,
}

/// The `bans` table.
#[derive(Debug, Clone, Deserialize)]
pub struct Bans {
    /// Crates that are refused, or allowed below others only.
    #[serde(default)]
    pub deny: Vec<Ban>,
    /// Crates of which two versions are known and accepted.
    #[serde(default)]
    pub skip: Vec<Skip>,
}

/// One ban.
#[derive(Debug, Clone, Deserialize)]
pub struct Ban {
    /// The crate.
    pub name: String,
    /// Who may depend on it directly; nobody if empty.
    #[serde(default)]
    pub wrappers: Vec<String>,
}

/// An accepted second version.
#[derive(Debug, Clone, Deserialize)]
pub struct Skip {
    /// The crate.
    #[serde(rename = "crate")]
    pub name: String,
}

/// The `sources` table.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Sources {
    /// Index addresses.
    pub allow_registry: Vec<String>,
    /// Repository addresses.
    #[serde(default)]
    pub allow_git: Vec<String>,
}
