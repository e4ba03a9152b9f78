//! The text files of the repository.

use anyhow::{Context, bail};
use std::path::Path;

/// Folders that are made, fetched or somebody else's.
const SKIPPED: [&str; 5] = [".git", "target", "data", "node_modules", "__pycache__"];
/// Larger files are data, not text that people read.
const BYTES_MAX: u64 = 1 << 20;
/// Folders inside folders that are followed.
const DEPTH_MAX: usize = 24;

/// A text file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextFile {
    /// Relative to the root, with `/`.
    pub path: String,
    /// What it says.
    pub text: String,
}

impl TextFile {
    /// Whether it holds Rust.
    pub fn is_rust(&self) -> bool {
        has_extension(&self.path, "rs")
    }

    /// Whether it holds Markdown.
    pub fn is_markdown(&self) -> bool {
        has_extension(&self.path, "md")
    }

    /// The name without folders.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Whether all of it is test code: it is not part of what ships and holds no rules of the
    /// product. The harness's own library counts as a product.
    pub fn is_test(&self) -> bool {
        let inner = self.path.strip_prefix("tests/src/").unwrap_or(&self.path);
        let (folders, name) = inner.rsplit_once('/').unwrap_or(("", inner));
        name == "tests.rs"
            || name == "testing.rs"
            || name.ends_with("_tests.rs")
            || folders.split('/').any(|folder| {
                ["tests", "testing", "fixtures", "it", "counterparts"].contains(&folder)
            })
    }
}

fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

/// All text files, by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    files: Vec<TextFile>,
}

impl Tree {
    /// From files in memory.
    pub fn new(mut files: Vec<TextFile>) -> Self {
        files.sort_by(|one, other| one.path.cmp(&other.path));
        Self { files }
    }

    /// Reads a folder and what is below it.
    ///
    /// Errors: a folder or file cannot be read, or folders nest too deeply.
    pub fn read(root: &Path) -> anyhow::Result<Self> {
        let mut files = Vec::new();
        let mut folders = vec![(root.to_path_buf(), 0)];
        while let Some((folder, depth)) = folders.pop() {
            if depth > DEPTH_MAX {
                bail!("{} lies too deep", folder.display());
            }
            let entries = std::fs::read_dir(&folder)
                .with_context(|| format!("cannot list {}", folder.display()))?;
            for entry in entries {
                let entry = entry.with_context(|| format!("cannot list {}", folder.display()))?;
                let name = entry.file_name();
                let kind = entry.file_type()?;
                if SKIPPED.iter().any(|skipped| name == *skipped) {
                    continue;
                }
                if kind.is_dir() {
                    folders.push((entry.path(), depth + 1));
                } else if kind.is_file() && entry.metadata()?.len() <= BYTES_MAX {
                    files.extend(read_text(root, &entry.path())?);
                }
            }
        }
        Ok(Self::new(files))
    }

    /// Every file.
    pub fn files(&self) -> &[TextFile] {
        &self.files
    }

    /// The Rust files.
    pub fn rust(&self) -> impl Iterator<Item = &TextFile> {
        self.files.iter().filter(|file| file.is_rust())
    }

    /// The Markdown files.
    pub fn markdown(&self) -> impl Iterator<Item = &TextFile> {
        self.files.iter().filter(|file| file.is_markdown())
    }

    /// One file.
    pub fn file(&self, path: &str) -> Option<&TextFile> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Whether a file or a folder with files has this path.
    pub fn has(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        self.files.iter().any(|file| file.path == path || file.path.starts_with(&folder))
    }
}

/// `None` for what is not text.
fn read_text(root: &Path, path: &Path) -> anyhow::Result<Option<TextFile>> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        // Editors and builds remove files between listing and reading.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", path.display()));
        }
    };
    let relative = path.strip_prefix(root).unwrap_or(path);
    Ok(String::from_utf8(bytes)
        .ok()
        .map(|text| TextFile { path: relative.to_string_lossy().replace('\\', "/"), text }))
}
