//! The envelope without a database.

use super::data_key::{DataKey, WrappedKey};
use super::seal::{Place, Sealed};
use super::{RootKey, RootKeys, SECRET_SIZE_BYTES_MAX, VaultError};
use proptest::prelude::*;
use ring::rand::SystemRandom;
use rookery_domain::Secret;
use rookery_domain::id::TenantId;
use std::os::unix::fs::PermissionsExt;
use uuid::Uuid;

fn root(byte: u8) -> RootKey {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode([byte; 32]);
    RootKey::from_base64(&Secret::new(text)).unwrap()
}

fn tenant(number: u128) -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(number))
}

fn data_key(tenant_number: u128) -> (DataKey, WrappedKey) {
    DataKey::generate(tenant(tenant_number), Uuid::from_u128(9), &root(1), &SystemRandom::new())
        .unwrap()
}

fn seal(key: &DataKey, name: &str, text: &str) -> Sealed {
    key.seal(name, &Secret::new(text), &SystemRandom::new()).unwrap()
}

proptest! {
    #[test]
    fn a_sealed_secret_opens_under_its_own_name_only(text in ".{0,200}", name in "[a-z/]{1,20}", other in "[a-z/]{1,20}") {
        let (key, wrapped) = data_key(1);
        let sealed = seal(&key, &name, &text);
        let again = DataKey::unwrap(wrapped, &root(1)).unwrap();
        let opened = again.open(&name, sealed.clone()).unwrap();
        prop_assert_eq!(opened.expose(), text.as_str());
        if other != name {
            prop_assert!(matches!(key.open(&other, sealed), Err(VaultError::Unreadable)));
        }
    }

    #[test]
    fn a_changed_bit_anywhere_is_found(text in ".{0,80}", position: prop::sample::Index, bit in 0_u8..8) {
        let (key, _) = data_key(1);
        let mut sealed = seal(&key, "token", &text);
        let split = sealed.nonce.len();
        let index = position.index(split + sealed.ciphertext.len());
        let byte = if index < split { &mut sealed.nonce[index] } else { &mut sealed.ciphertext[index - split] };
        *byte ^= 1 << bit;
        prop_assert!(matches!(key.open("token", sealed), Err(VaultError::Unreadable)));
    }

    #[test]
    fn no_stored_bytes_make_opening_panic(nonce: Vec<u8>, ciphertext: Vec<u8>) {
        let (key, _) = data_key(1);
        let sealed = Sealed { nonce, ciphertext };
        prop_assert!(key.open("token", sealed).is_err());
    }

    #[test]
    fn no_text_makes_the_root_key_parser_panic(text in ".{0,80}") {
        let parsed = RootKey::from_base64(&Secret::new(text.clone()));
        prop_assert!(parsed.is_err() || text.trim().len() == 44);
    }
}

#[test]
fn one_key_opens_nothing_for_another_tenant_or_kind() {
    let bytes = ring::aead::UnboundKey::new(&ring::aead::AES_256_GCM, &[7; 32]).unwrap();
    let key = ring::aead::LessSafeKey::new(bytes);
    let place = |number, name| Place::Secret { tenant: tenant(number), name };
    let random = SystemRandom::new();
    let sealed = super::seal::seal(&key, place(1, "token"), b"x".to_vec(), &random).unwrap();
    let as_key = Place::DataKey { tenant: tenant(1), id: Uuid::nil(), root_key_id: "" };
    for other in [place(2, "token"), place(1, "toke"), place(1, "token/"), as_key] {
        let refused = super::seal::open(&key, other, sealed.clone());
        assert!(matches!(refused, Err(VaultError::Unreadable)));
    }
    assert!(super::seal::open(&key, place(1, "token"), sealed).is_ok());
}

#[test]
fn a_wrapped_key_serves_neither_another_tenant_nor_another_id() {
    let (_, wrapped) = data_key(1);
    let moved = WrappedKey { tenant: tenant(2), ..wrapped.clone() };
    let renamed = WrappedKey { id: Uuid::from_u128(10), ..wrapped };
    assert!(matches!(DataKey::unwrap(moved, &root(1)), Err(VaultError::Unreadable)));
    assert!(matches!(DataKey::unwrap(renamed, &root(1)), Err(VaultError::Unreadable)));
}

#[test]
fn a_rewrapped_key_opens_old_secrets_and_leaves_the_old_root_key_useless() {
    let (key, wrapped) = data_key(1);
    let sealed = seal(&key, "token", "canary-2");
    let rewrapped = wrapped.rewrap(&root(1), &root(2), &SystemRandom::new()).unwrap();
    assert_eq!(rewrapped.root_key_id, root(2).id());
    assert!(DataKey::unwrap(rewrapped.clone(), &root(1)).is_err());
    let again = DataKey::unwrap(rewrapped, &root(2)).unwrap();
    assert_eq!(again.open("token", sealed).unwrap().expose(), "canary-2");
}

#[test]
fn two_seals_of_one_text_share_nothing() {
    let (key, _) = data_key(1);
    let (one, two) = (seal(&key, "token", "x"), seal(&key, "token", "x"));
    assert_ne!(one.nonce, two.nonce);
    assert_ne!(one.ciphertext, two.ciphertext);
}

#[test]
fn a_secret_at_the_limit_is_sealed_and_one_byte_more_is_refused() {
    let (key, _) = data_key(1);
    let longest = "a".repeat(SECRET_SIZE_BYTES_MAX);
    let sealed = seal(&key, "token", &longest);
    assert_eq!(key.open("token", sealed).unwrap().expose(), longest);
    let refused = key.seal("token", &Secret::new(longest + "a"), &SystemRandom::new());
    assert!(matches!(refused, Err(VaultError::TooLarge { .. })));
}

#[test]
fn keys_and_secrets_show_nothing_in_debug_or_errors() {
    let bytes = [0xA5_u8; 32];
    let (key, wrapped) = data_key(1);
    let sealed = seal(&key, "token", "canary-3");
    let shown = format!(
        "{:?} {:?} {:?} {sealed:?} {:?}",
        root(0xA5),
        RootKeys::new(root(0xA5)),
        key,
        DataKey::unwrap(wrapped, &root(7)).map(|_| ())
    );
    assert!(!shown.contains("canary"));
    assert!(!shown.contains(&format!("{bytes:?}")));
    assert!(!shown.contains("165, 165") && !shown.to_lowercase().contains("a5a5"));
}

#[test]
fn a_root_key_of_the_wrong_length_is_refused() {
    for bytes in [0, 16, 31, 33, 64] {
        use base64::Engine;
        let text = base64::engine::general_purpose::STANDARD.encode(vec![7_u8; bytes]);
        assert!(matches!(RootKey::from_base64(&Secret::new(text)), Err(VaultError::Encoding)));
    }
}

#[test]
fn a_digest_is_verified_under_its_own_root_key_only() {
    let text = Secret::new("rk_live_0123456789abcdef");
    let digest = root(1).digest(&text);
    assert!(root(1).verify(&text, &digest));
    assert!(!root(2).verify(&text, &digest));
    assert!(!root(1).verify(&Secret::new("rk_live_0123456789abcdeg"), &digest));
    assert!(!root(1).verify(&text, &digest[..31]));
}

#[test]
fn the_oldest_previous_root_key_falls_out_at_the_limit() {
    let keys = (1..=6).fold(RootKeys::new(root(0)), |keys, byte| keys.with_previous(root(byte)));
    let held: Vec<_> = keys.all().map(|key| key.id().to_owned()).collect();
    let expected: Vec<_> = [0, 6, 5, 4].map(|byte| root(byte).id().to_owned()).into();
    assert_eq!(held, expected);
    assert!(keys.find(root(6).id()).is_ok());
    assert!(matches!(keys.find(root(1).id()), Err(VaultError::UnknownRootKey(_))));
}

#[test]
fn the_root_key_file_is_made_once_and_readable_by_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.key");
    let first = RootKey::load_or_create(&path).unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    assert_eq!(RootKey::load_or_create(&path).unwrap().id(), first.id());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_root_key_file_that_others_may_read_is_refused_with_the_fix() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.key");
    RootKey::load_or_create(&path).unwrap();
    for mode in [0o640, 0o604, 0o620, 0o601] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let refused = RootKey::load_or_create(&path).unwrap_err();
        assert!(matches!(refused, VaultError::FileMode { .. }));
        assert!(refused.to_string().contains("chmod 600"));
    }
}

#[test]
fn a_damaged_root_key_file_is_refused_and_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.key");
    std::fs::write(&path, "not a key").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert!(matches!(RootKey::load_or_create(&path), Err(VaultError::Encoding)));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "not a key");
}

#[test]
fn processes_that_start_together_end_up_with_one_root_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root.key");
    let starters: Vec<_> = (0..8)
        .map(|_| {
            let path = path.clone();
            std::thread::spawn(move || RootKey::load_or_create(&path).unwrap().id().to_owned())
        })
        .collect();
    let ids: std::collections::BTreeSet<_> =
        starters.into_iter().map(|starter| starter.join().unwrap()).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_missing_folder_is_an_error_that_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("absent").join("root.key");
    let refused = RootKey::load_or_create(&path).unwrap_err();
    assert!(refused.to_string().contains("root.key"));
}
