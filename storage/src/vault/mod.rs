//! Secrets at rest: every tenant has a data key, the root key wraps the data keys.
//!
//! Why two layers: the root key can be replaced by wrapping a few small rows again, and deleting a
//! tenant's data keys makes its secrets unreadable wherever a copy of them is. A ciphertext is bound
//! to its tenant and its name, so that it cannot be moved to another row.
//!
//! What does *not* belong here: which secrets exist and who may set them (`control`), and digests'
//! storage. No plaintext leaves this folder except as [`rookery_domain::Secret`].

mod data_key;
mod error;
mod root_key;
mod root_key_file;
mod rotate;
mod seal;
mod store;

#[cfg(test)]
mod store_tests;
#[cfg(test)]
mod tests;

pub use error::VaultError;
pub(crate) use root_key::hexadecimal;
pub use root_key::{KeyDigest, ROOT_KEYS_MAX, RootKey, RootKeys};
pub use seal::SECRET_SIZE_BYTES_MAX;
pub use store::Vault;
