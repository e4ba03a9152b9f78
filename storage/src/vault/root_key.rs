//! The root key: wraps data keys and keys the digests of API keys. Both uses have their own subkey.

use super::error::VaultError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SecureRandom;
use ring::{aead, hkdf, hmac};
use rookery_domain::Secret;
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

/// The length of a root key in bytes.
pub(super) const ROOT_KEY_BYTES: usize = 32;
/// Most root keys that a process holds at once: the current one and those being rotated away.
pub const ROOT_KEYS_MAX: usize = 4;

const SALT: &[u8] = b"rookery root key v1";
const WRAPPING: &[u8] = b"data key wrapping";
const DIGESTING: &[u8] = b"api key digest";
const NAMING: &[u8] = b"key id";
const ID_BYTES: usize = 8;

/// The digest of an API key's text: HMAC-SHA-256 under a key derived from the root key.
pub type KeyDigest = [u8; 32];

/// 32 random bytes that protect everything else, held only as keys derived from them.
#[derive(Clone)]
pub struct RootKey(Arc<Derived>);

struct Derived {
    id: String,
    wrapping: aead::LessSafeKey,
    digesting: hmac::Key,
}

impl fmt::Debug for RootKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("RootKey").field(&self.0.id).finish()
    }
}

impl RootKey {
    /// From its configured form: 32 bytes in base64, surrounding white space ignored.
    pub fn from_base64(text: &Secret) -> Result<Self, VaultError> {
        let mut bytes = Zeroizing::new([0_u8; ROOT_KEY_BYTES + 1]);
        match STANDARD.decode_slice(text.expose().trim(), bytes.as_mut_slice()) {
            Ok(ROOT_KEY_BYTES) => {
                Self::derive(bytes.get(..ROOT_KEY_BYTES).ok_or(VaultError::Encoding)?)
            }
            _ => Err(VaultError::Encoding),
        }
    }

    /// A fresh root key in its configured form.
    pub fn generate(random: &dyn SecureRandom) -> Result<Secret, VaultError> {
        let mut bytes = Zeroizing::new([0_u8; ROOT_KEY_BYTES]);
        random.fill(bytes.as_mut_slice()).map_err(|ring::error::Unspecified| VaultError::Random)?;
        Ok(Secret::new(STANDARD.encode(bytes.as_slice())))
    }

    /// Names the key in stored rows and in logs; tells nothing about it. 16 hexadecimal digits.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// The digest under which an API key's text is stored.
    pub fn digest(&self, text: &Secret) -> KeyDigest {
        let tag = hmac::sign(&self.0.digesting, text.expose().as_bytes());
        let mut digest = KeyDigest::default();
        for (slot, byte) in digest.iter_mut().zip(tag.as_ref()) {
            *slot = *byte;
        }
        digest
    }

    /// Whether a stored digest is that of a text, in constant time.
    pub fn verify(&self, text: &Secret, digest: &[u8]) -> bool {
        hmac::verify(&self.0.digesting, text.expose().as_bytes(), digest).is_ok()
    }

    pub(super) fn wrapping(&self) -> &aead::LessSafeKey {
        &self.0.wrapping
    }

    fn derive(bytes: &[u8]) -> Result<Self, VaultError> {
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, SALT).extract(bytes);
        let derived = || -> Result<Derived, ring::error::Unspecified> {
            let mut id = [0_u8; ID_BYTES];
            root.expand(&[NAMING], Length(ID_BYTES))?.fill(&mut id)?;
            let wrapping: aead::UnboundKey = root.expand(&[WRAPPING], &aead::AES_256_GCM)?.into();
            Ok(Derived {
                id: hexadecimal(&id),
                wrapping: aead::LessSafeKey::new(wrapping),
                digesting: root.expand(&[DIGESTING], hmac::HMAC_SHA256)?.into(),
            })
        };
        derived()
            .map(|keys| Self(Arc::new(keys)))
            .map_err(|ring::error::Unspecified| VaultError::Encoding)
    }
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// The root key in use, and those before it while their data keys are being wrapped again.
#[derive(Debug, Clone)]
pub struct RootKeys {
    current: RootKey,
    previous: Vec<RootKey>,
}

impl RootKeys {
    /// One root key.
    pub const fn new(current: RootKey) -> Self {
        Self { current, previous: Vec::new() }
    }

    /// Reads what an earlier root key protects, too. Digests made under it stay good. Beyond
    /// [`ROOT_KEYS_MAX`] keys the oldest addition is dropped.
    #[must_use]
    pub fn with_previous(mut self, key: RootKey) -> Self {
        if key.id() != self.current.id() {
            self.previous.insert(0, key);
            self.previous.truncate(ROOT_KEYS_MAX - 1);
        }
        self
    }

    /// The key under which new data keys and digests are made.
    pub const fn current(&self) -> &RootKey {
        &self.current
    }

    /// Every key, the current one first.
    pub fn all(&self) -> impl Iterator<Item = &RootKey> {
        std::iter::once(&self.current).chain(&self.previous)
    }

    /// A key by its id.
    pub fn find(&self, id: &str) -> Result<&RootKey, VaultError> {
        self.all()
            .find(|key| key.id() == id)
            .ok_or_else(|| VaultError::UnknownRootKey(id.to_owned()))
    }
}

impl From<RootKey> for RootKeys {
    fn from(current: RootKey) -> Self {
        Self::new(current)
    }
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(u32::from(digit), 16))
        .collect()
}
