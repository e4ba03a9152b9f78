//! `[secrets]`: the key above all keys.

use super::keys::Keys;
use rookery_domain::Secret;

/// The key above all keys.
#[derive(Debug, Clone)]
pub struct SecretsConfig {
    /// 32 bytes in base64; absent: `<data_dir>/root.key`.
    pub root_key: Option<Secret>,
}

impl SecretsConfig {
    pub(super) fn read(keys: &mut Keys<'_>) -> Self {
        let root_key = keys.secret("secrets.root_key");
        if !root_key.is_empty() && rookery_storage::vault::RootKey::from_base64(&root_key).is_err()
        {
            keys.faults.push(
                "secrets.root_key",
                "must be 32 bytes in base64: make one with `openssl rand -base64 32`",
            );
        }
        Self { root_key: (!root_key.is_empty()).then_some(root_key) }
    }
}
