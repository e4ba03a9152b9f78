//! A tenant's data key: made here, wrapped under a root key, used to seal and open secrets.

use super::error::VaultError;
use super::root_key::RootKey;
use super::seal::{Place, SECRET_SIZE_BYTES_MAX, Sealed, open, seal};
use ring::aead::{AES_256_GCM, LessSafeKey, UnboundKey};
use ring::rand::SecureRandom;
use rookery_domain::Secret;
use rookery_domain::id::TenantId;
use std::fmt;
use uuid::Uuid;
use zeroize::Zeroizing;

const DATA_KEY_BYTES: usize = 32;

/// A data key in use.
pub(crate) struct DataKey {
    tenant: TenantId,
    id: Uuid,
    key: LessSafeKey,
}

/// A data key as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WrappedKey {
    pub(crate) tenant: TenantId,
    pub(crate) id: Uuid,
    pub(crate) root_key_id: String,
    pub(crate) sealed: Sealed,
}

impl fmt::Debug for DataKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("DataKey").field(&self.id).finish()
    }
}

impl DataKey {
    /// A fresh key and its stored form.
    pub(crate) fn generate(
        tenant: TenantId,
        id: Uuid,
        root: &RootKey,
        random: &dyn SecureRandom,
    ) -> Result<(Self, WrappedKey), VaultError> {
        let mut bytes = Zeroizing::new(vec![0_u8; DATA_KEY_BYTES]);
        random.fill(&mut bytes).map_err(|ring::error::Unspecified| VaultError::Random)?;
        let key = Self::from_bytes(tenant, id, &bytes)?;
        let wrapped = wrap(tenant, id, &bytes, root, random)?;
        Ok((key, wrapped))
    }

    /// Unwraps a stored key.
    pub(crate) fn unwrap(wrapped: WrappedKey, root: &RootKey) -> Result<Self, VaultError> {
        let (tenant, id) = (wrapped.tenant, wrapped.id);
        let bytes = unwrap_bytes(wrapped, root)?;
        Self::from_bytes(tenant, id, &bytes)
    }

    /// The id that secrets name.
    pub(crate) const fn id(&self) -> Uuid {
        self.id
    }

    /// Seals a secret for its name.
    pub(crate) fn seal(
        &self,
        name: &str,
        secret: &Secret,
        random: &dyn SecureRandom,
    ) -> Result<Sealed, VaultError> {
        let value = secret.expose().as_bytes();
        if value.len() > SECRET_SIZE_BYTES_MAX {
            return Err(VaultError::TooLarge { max: SECRET_SIZE_BYTES_MAX });
        }
        // Room for the tag: growing would leave a copy of the plaintext behind.
        let mut buffer = Vec::with_capacity(value.len() + AES_256_GCM.tag_len());
        buffer.extend_from_slice(value);
        let tenant = self.tenant;
        seal(&self.key, Place::Secret { tenant, name }, buffer, random)
    }

    /// Opens a secret that was sealed for this tenant and name.
    pub(crate) fn open(&self, name: &str, sealed: Sealed) -> Result<Secret, VaultError> {
        let tenant = self.tenant;
        let value = open(&self.key, Place::Secret { tenant, name }, sealed)?;
        String::from_utf8(value).map(Secret::new).map_err(|error| {
            drop(Zeroizing::new(error.into_bytes()));
            VaultError::Unreadable
        })
    }

    fn from_bytes(tenant: TenantId, id: Uuid, bytes: &[u8]) -> Result<Self, VaultError> {
        let key = UnboundKey::new(&AES_256_GCM, bytes)
            .map_err(|ring::error::Unspecified| VaultError::Unreadable)?;
        Ok(Self { tenant, id, key: LessSafeKey::new(key) })
    }
}

impl WrappedKey {
    /// The same data key under another root key.
    pub(crate) fn rewrap(
        self,
        old: &RootKey,
        new: &RootKey,
        random: &dyn SecureRandom,
    ) -> Result<Self, VaultError> {
        let (tenant, id) = (self.tenant, self.id);
        let bytes = unwrap_bytes(self, old)?;
        wrap(tenant, id, &bytes, new, random)
    }
}

fn wrap(
    tenant: TenantId,
    id: Uuid,
    bytes: &[u8],
    root: &RootKey,
    random: &dyn SecureRandom,
) -> Result<WrappedKey, VaultError> {
    // As above: the tag must not make the buffer move.
    let mut buffer = Vec::with_capacity(bytes.len() + AES_256_GCM.tag_len());
    buffer.extend_from_slice(bytes);
    let place = Place::DataKey { tenant, id, root_key_id: root.id() };
    Ok(WrappedKey {
        tenant,
        id,
        root_key_id: root.id().to_owned(),
        sealed: seal(root.wrapping(), place, buffer, random)?,
    })
}

fn unwrap_bytes(wrapped: WrappedKey, root: &RootKey) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let place = Place::DataKey { tenant: wrapped.tenant, id: wrapped.id, root_key_id: root.id() };
    open(root.wrapping(), place, wrapped.sealed).map(Zeroizing::new)
}
