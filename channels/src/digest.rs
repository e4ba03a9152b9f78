//! Names for bytes that carry no usable id of their own.

use ring::digest::{SHA256, digest};
use std::fmt::Write as _;

/// SHA-256 of the bytes.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut name = [0; 32];
    name.copy_from_slice(digest(&SHA256, bytes).as_ref());
    name
}

/// The dedupe key of a payload that cannot be read: equal for equal bytes.
pub(crate) fn unreadable_key(bytes: &[u8]) -> String {
    let mut key = String::with_capacity(66);
    key.push_str("x:");
    for byte in sha256(bytes) {
        // Writing to a string cannot fail.
        let _written = write!(key, "{byte:02x}");
    }
    key
}
