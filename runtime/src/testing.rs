//! A configuration in a directory of its own, for this crate's tests.

use crate::config::{Config, Environment, load};
use std::path::Path;
use tempfile::TempDir;

/// A fresh data directory with free ports.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) directory: TempDir,
    pairs: Vec<(String, String)>,
}

impl Place {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let data_dir = directory.path().join("data").display().to_string();
        let pairs = [
            ("ROOKERY__HTTP__LISTEN", "127.0.0.1:0"),
            ("ROOKERY__OPS__LISTEN", "127.0.0.1:0"),
            ("ROOKERY__STORAGE__DATA_DIR", &data_dir),
        ];
        Self {
            pairs: pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            directory,
        }
    }

    /// With one more variable.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.pairs.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn environment(&self) -> Environment {
        Environment::from_pairs(self.pairs.clone())
    }

    /// An empty file, so that no other is looked for.
    pub(crate) fn file(&self) -> std::path::PathBuf {
        let path = self.directory.path().join("rookery.toml");
        if !path.exists() {
            std::fs::write(&path, "").unwrap();
        }
        path
    }

    pub(crate) fn config(&self) -> Config {
        load(Some(&self.file()), &self.environment()).unwrap().config
    }

    pub(crate) fn data_dir(&self) -> std::path::PathBuf {
        self.directory.path().join("data")
    }

    /// Writes a file beside the configuration.
    pub(crate) fn write(&self, name: &str, text: &str) -> std::path::PathBuf {
        let path = self.directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

/// The permissions of a path.
pub(crate) fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().unwrap().permissions().mode() & 0o777
}
