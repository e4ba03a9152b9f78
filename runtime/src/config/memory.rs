//! `[memory]`: what agents remember. Accepted; a backend that is not here is refused at start.

use super::keys::Keys;
use url::Url;

/// Where vectors live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemoryBackend {
    /// In the database.
    Embedded,
    /// In a server of its own.
    Qdrant,
}

/// What agents remember.
#[derive(Debug, Clone)]
pub struct MemoryConfig {
    /// Where vectors live.
    pub backend: MemoryBackend,
    /// The server's address.
    pub url: Option<Url>,
}

impl MemoryConfig {
    pub(super) fn read(keys: &mut Keys<'_>) -> Self {
        let words = [("embedded", MemoryBackend::Embedded), ("qdrant", MemoryBackend::Qdrant)];
        Self {
            backend: keys.word("memory.backend", &words, MemoryBackend::Embedded),
            url: keys.read("memory.url"),
        }
    }
}
