//! AES-256-GCM over one value: random 96-bit nonces, associated data that names the row.
//!
//! A data key seals a few thousand values at most, far below the 2³² at which random nonces of one
//! key become a risk.

use super::error::VaultError;
use ring::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce};
use ring::rand::SecureRandom;
use rookery_domain::id::TenantId;
use uuid::Uuid;

/// The longest secret that is stored, in bytes.
pub const SECRET_SIZE_BYTES_MAX: usize = 64 * 1024;

/// A value as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sealed {
    pub(crate) nonce: Vec<u8>,
    pub(crate) ciphertext: Vec<u8>,
}

/// What a ciphertext belongs to. Its encoding is unambiguous: only the last part varies in length.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'a> {
    Secret { tenant: TenantId, name: &'a str },
    DataKey { tenant: TenantId, id: Uuid, root_key_id: &'a str },
}

impl Place<'_> {
    fn bytes(self) -> Vec<u8> {
        match self {
            Self::Secret { tenant, name } => {
                let uuid = tenant.as_uuid();
                [b"s", uuid.as_bytes().as_slice(), name.as_bytes()].concat()
            }
            Self::DataKey { tenant, id, root_key_id } => {
                let uuid = tenant.as_uuid();
                let ids = [uuid.as_bytes().as_slice(), id.as_bytes().as_slice()].concat();
                [b"k", ids.as_slice(), root_key_id.as_bytes()].concat()
            }
        }
    }
}

/// Encrypts `value` in place, so that no copy of the plaintext stays behind.
pub(super) fn seal(
    key: &LessSafeKey,
    place: Place<'_>,
    mut value: Vec<u8>,
    random: &dyn SecureRandom,
) -> Result<Sealed, VaultError> {
    let mut nonce = [0_u8; NONCE_LEN];
    random.fill(&mut nonce).map_err(|ring::error::Unspecified| VaultError::Random)?;
    key.seal_in_place_append_tag(
        Nonce::assume_unique_for_key(nonce),
        Aad::from(place.bytes()),
        &mut value,
    )
    .map_err(|ring::error::Unspecified| VaultError::Unreadable)?;
    Ok(Sealed { nonce: nonce.to_vec(), ciphertext: value })
}

/// Decrypts in place and returns the plaintext in the ciphertext's own allocation.
pub(super) fn open(
    key: &LessSafeKey,
    place: Place<'_>,
    sealed: Sealed,
) -> Result<Vec<u8>, VaultError> {
    let unreadable = |ring::error::Unspecified| VaultError::Unreadable;
    let nonce = Nonce::try_assume_unique_for_key(&sealed.nonce).map_err(unreadable)?;
    let mut value = sealed.ciphertext;
    let length =
        key.open_in_place(nonce, Aad::from(place.bytes()), &mut value).map_err(unreadable)?.len();
    value.truncate(length);
    Ok(value)
}
