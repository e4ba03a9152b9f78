//! The workspace as the checks see it: who depends on whom, under which licence, from where.

use anyhow::{Context, bail};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The platforms whose resolved graph is checked: those that `deny.toml` names.
const PLATFORMS: [&str; 2] = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];

/// When a dependency is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// By the crate itself.
    Normal,
    /// By its tests only.
    Development,
    /// By its build script.
    Build,
}

/// A dependency as a manifest declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The name under which the crate's code sees it: `reqwest012` for a renamed `reqwest`.
    pub name: String,
    /// The required version as written; `*` for a path.
    pub version: String,
    /// Whether it comes from this repository.
    pub is_local: bool,
    /// Whether only a feature brings it.
    pub is_optional: bool,
    /// When it is used.
    pub used: Use,
}

/// A crate of this workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its package name, for instance `rookery-storage`.
    pub name: String,
    /// Its folder relative to the root.
    pub folder: String,
    /// What its manifest asks for.
    pub dependencies: Vec<Dependency>,
}

/// A crate of somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignCrate {
    /// Its package name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its licence expression.
    pub license: Option<String>,
    /// Where it comes from, as cargo writes it: `registry+https://…`, `git+https://…`.
    pub source: Option<String>,
    /// The packages that depend on it directly, ours included, by name.
    pub dependents: BTreeSet<String>,
}

/// Everything that the checks of dependencies need.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Workspace {
    /// Where it lies.
    pub root: PathBuf,
    /// Our crates.
    pub members: Vec<Member>,
    /// Theirs.
    pub foreign: Vec<ForeignCrate>,
}

/// What `cargo metadata` says, as far as it is read here.
#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: Vec<String>,
    workspace_root: PathBuf,
    resolve: Resolve,
}

#[derive(Debug, Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
    manifest_path: PathBuf,
    dependencies: Vec<Declared>,
}

#[derive(Debug, Deserialize)]
struct Declared {
    name: String,
    rename: Option<String>,
    req: String,
    path: Option<PathBuf>,
    #[serde(default)]
    optional: bool,
    kind: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
struct Node {
    id: String,
    dependencies: Vec<String>,
}

impl Workspace {
    /// Reads the workspace that contains a folder.
    ///
    /// Errors: cargo cannot be run there, or the lock file does not fit the manifests.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let output = Command::new("cargo")
            .args(["metadata", "--format-version", "1"])
            .args(PLATFORMS.map(|name| format!("--filter-platform={name}")))
            .current_dir(folder)
            .output()
            .context("cannot run cargo")?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("cargo metadata failed: {}", said.trim());
        }
        Self::parse(&output.stdout)
    }

    /// From the output of `cargo metadata`.
    ///
    /// Errors: it is not in format version 1.
    pub fn parse(json: &[u8]) -> anyhow::Result<Self> {
        let metadata: Metadata =
            serde_json::from_slice(json).context("cargo metadata says something unknown")?;
        let dependents = dependents(&metadata);
        let ours: BTreeSet<_> = metadata.workspace_members.into_iter().collect();
        let (members, foreign): (Vec<_>, Vec<_>) =
            metadata.packages.into_iter().partition(|package| ours.contains(&package.id));
        Ok(Self {
            members: members
                .into_iter()
                .map(|package| package.into_member(&metadata.workspace_root))
                .collect(),
            foreign: foreign.into_iter().map(|package| package.into_foreign(&dependents)).collect(),
            root: metadata.workspace_root,
        })
    }
}

impl Package {
    fn into_member(self, root: &Path) -> Member {
        let folder = self.manifest_path.parent().unwrap_or(root);
        let folder = folder.strip_prefix(root).unwrap_or(folder);
        Member {
            name: self.name,
            folder: folder.to_string_lossy().into_owned(),
            dependencies: self.dependencies.into_iter().map(Dependency::from).collect(),
        }
    }

    fn into_foreign(self, dependents: &BTreeMap<String, BTreeSet<String>>) -> ForeignCrate {
        ForeignCrate {
            dependents: dependents.get(&self.id).cloned().unwrap_or_default(),
            name: self.name,
            version: self.version,
            license: self.license,
            source: self.source,
        }
    }
}

impl From<Declared> for Dependency {
    fn from(declared: Declared) -> Self {
        Self {
            name: declared.rename.unwrap_or(declared.name),
            version: declared.req,
            is_local: declared.path.is_some(),
            is_optional: declared.optional,
            used: match declared.kind.as_deref() {
                Some("dev") => Use::Development,
                Some("build") => Use::Build,
                _ => Use::Normal,
            },
        }
    }
}

/// Who depends directly on a package, by the package's id.
fn dependents(metadata: &Metadata) -> BTreeMap<String, BTreeSet<String>> {
    let names: BTreeMap<_, _> =
        metadata.packages.iter().map(|package| (&package.id, &package.name)).collect();
    let mut dependents: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for node in &metadata.resolve.nodes {
        let Some(dependent) = names.get(&node.id) else {
            continue;
        };
        for dependency in &node.dependencies {
            dependents.entry(dependency.clone()).or_default().insert((*dependent).clone());
        }
    }
    dependents
}

#[cfg(test)]
mod tests {
    use super::{Use, Workspace};

    const METADATA: &str = r#"{
        "workspace_root": "/checkout",
        "workspace_members": ["path+file:///checkout/llm#rookery-llm@0.1.0"],
        "packages": [
            {"id": "path+file:///checkout/llm#rookery-llm@0.1.0", "name": "rookery-llm",
             "version": "0.1.0", "license": "Apache-2.0", "source": null,
             "manifest_path": "/checkout/llm/Cargo.toml",
             "dependencies": [
                {"name": "reqwest", "rename": "reqwest012", "req": "^0.12", "kind": null},
                {"name": "rookery-domain", "rename": null, "req": "*", "path": "/checkout/domain", "kind": "dev"}
             ]},
            {"id": "registry+x#reqwest@0.12.1", "name": "reqwest", "version": "0.12.1",
             "license": "MIT", "source": "registry+x", "manifest_path": "/cache/reqwest/Cargo.toml",
             "dependencies": []}
        ],
        "resolve": {"nodes": [
            {"id": "path+file:///checkout/llm#rookery-llm@0.1.0",
             "dependencies": ["registry+x#reqwest@0.12.1"]}
        ]}
    }"#;

    #[test]
    fn members_and_foreign_crates_are_told_apart_with_names_and_dependents() {
        let workspace = Workspace::parse(METADATA.as_bytes()).unwrap();
        let member = &workspace.members[0];
        assert_eq!((member.name.as_str(), member.folder.as_str()), ("rookery-llm", "llm"));
        assert_eq!(member.dependencies[0].name, "reqwest012");
        assert!(member.dependencies[1].is_local);
        assert_eq!(member.dependencies[1].used, Use::Development);
        let foreign = &workspace.foreign[0];
        assert_eq!(foreign.source.as_deref(), Some("registry+x"));
        assert!(foreign.dependents.contains("rookery-llm"));
    }

    #[test]
    fn another_output_is_an_error() {
        assert!(Workspace::parse(b"{}").is_err());
    }
}
