//! Why a key or a secret cannot be used. No variant carries key material or a plaintext.

use rookery_domain::ErrorKind;
use rookery_domain::ports::StoreError;
use std::path::PathBuf;

/// Why a key or a secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// A configured root key is not 32 bytes in base64.
    #[error("the root key is not 32 bytes in base64")]
    Encoding,
    /// Other users of the machine may read or write the root key's file.
    #[error("the root key file {path} has mode {mode:04o}: run `chmod 600 {path}`", path = path.display())]
    FileMode {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The root key's file cannot be read or made.
    #[error("the root key file {path} cannot be used", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The operating system gave no random bytes.
    #[error("no random bytes from the operating system")]
    Random,
    /// A data key is wrapped under a root key that this process was not given.
    #[error("the root key {0} is not configured")]
    UnknownRootKey(String),
    /// A stored value was altered, moved, or made under another key.
    #[error("a stored secret or key cannot be opened: altered, moved, or under another root key")]
    Unreadable,
    /// A secret is longer than [`super::SECRET_SIZE_BYTES_MAX`].
    #[error("a secret is longer than {max} bytes")]
    TooLarge {
        /// The limit in bytes.
        max: usize,
    },
}

impl VaultError {
    /// Its kind.
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Encoding | Self::FileMode { .. } => ErrorKind::Invalid,
            Self::File { .. } | Self::Random => ErrorKind::Unavailable,
            Self::TooLarge { .. } => ErrorKind::TooLarge,
            Self::UnknownRootKey(_) | Self::Unreadable => ErrorKind::Internal,
        }
    }
}

impl From<VaultError> for StoreError {
    fn from(error: VaultError) -> Self {
        match error.kind() {
            ErrorKind::Unavailable => Self::Unavailable(error.to_string()),
            _ => Self::Broken(error.to_string()),
        }
    }
}
