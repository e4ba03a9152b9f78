//! `[storage]`: the database and the data directory.

use super::keys::Keys;
use rookery_domain::Secret;
use std::path::{Path, PathBuf};

/// The database and the data directory.
#[derive(Debug, Clone)]
pub struct StorageConfig {
    /// `sqlite://…` or `postgres://…`; may hold a password.
    pub url: Secret,
    /// The owner of the tables, where that is another role.
    pub migrate_url: Option<Secret>,
    /// Where the root key, the admin socket and the embedded database live.
    pub data_dir: PathBuf,
}

impl StorageConfig {
    pub(super) fn read(keys: &mut Keys<'_>) -> Self {
        let data_dir: PathBuf = keys.read("storage.data_dir");
        let given: Secret = keys.read("storage.url");
        let migrate_url: Secret = keys.read("storage.migrate_url");
        check(&given, "storage.url", keys);
        check(&migrate_url, "storage.migrate_url", keys);
        Self {
            url: if given.is_empty() { embedded_url(&data_dir) } else { given },
            migrate_url: (!migrate_url.is_empty()).then_some(migrate_url),
            data_dir,
        }
    }

    /// Whether this is the database that comes with a fresh install.
    pub fn is_embedded_default(&self) -> bool {
        self.url == embedded_url(&self.data_dir)
    }

    /// Whether the database is SQLite.
    pub fn is_sqlite(&self) -> bool {
        self.url.expose().starts_with("sqlite:")
    }

    /// The file of an SQLite database that is one.
    pub fn sqlite_file(&self) -> Option<PathBuf> {
        let path = self.url.expose().strip_prefix("sqlite:")?;
        let path = path.strip_prefix("//").unwrap_or(path);
        let path = path.split('?').next().unwrap_or(path);
        (!path.is_empty() && path != ":memory:").then(|| PathBuf::from(path))
    }

    /// A file in the data directory.
    pub fn file(&self, name: &str) -> PathBuf {
        self.data_dir.join(name)
    }
}

fn embedded_url(data_dir: &Path) -> Secret {
    Secret::new(format!("sqlite://{}", data_dir.join("rookery.db").display()))
}

fn check(url: &Secret, path: &str, keys: &mut Keys<'_>) {
    let known = ["sqlite:", "postgres://", "postgresql://"];
    let text = url.expose();
    if !text.is_empty() && !known.iter().any(|scheme| text.starts_with(scheme)) {
        keys.faults.push(
            path,
            "must start with sqlite:// or postgres://, for instance \"sqlite://data/rookery.db\"",
        );
    }
}
