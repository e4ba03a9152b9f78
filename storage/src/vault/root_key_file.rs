//! The root key's file: made once, readable by its owner only, never replaced.

use super::error::VaultError;
use super::root_key::{RootKey, hexadecimal};
use ring::rand::{SecureRandom, SystemRandom};
use rookery_domain::Secret;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use zeroize::Zeroizing;

const FILE_SIZE_BYTES_MAX: u64 = 1024;
const OTHERS: u32 = 0o077;
const PERMISSIONS: u32 = 0o777;

impl RootKey {
    /// Reads the key from a file, or makes the file (mode 0600) with a fresh key. Refuses a file
    /// that others may read or write, one that is not a key, and one that cannot be made durable.
    ///
    /// Blocks on file I/O: call it at start-up.
    pub fn load_or_create(path: &Path) -> Result<Self, VaultError> {
        let failed = |source| VaultError::File { path: path.to_owned(), source };
        match File::open(path) {
            Ok(file) => read(path, file),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                create(path, &SystemRandom::new())?;
                read(path, File::open(path).map_err(failed)?)
            }
            Err(error) => Err(failed(error)),
        }
    }
}

fn read(path: &Path, file: File) -> Result<RootKey, VaultError> {
    let failed = |source| VaultError::File { path: path.to_owned(), source };
    let mode = file.metadata().map_err(failed)?.mode() & PERMISSIONS;
    if mode & OTHERS != 0 {
        return Err(VaultError::FileMode { path: path.to_owned(), mode });
    }
    let mut text = Zeroizing::new(String::new());
    file.take(FILE_SIZE_BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
    RootKey::from_base64(&Secret::new(text.as_str()))
}

/// Writes a temporary file and links it to its name: a second process that starts at the same time
/// finds either no key or a whole one, and both end up with the same.
fn create(path: &Path, random: &dyn SecureRandom) -> Result<(), VaultError> {
    let key = RootKey::generate(random)?;
    let mut suffix = [0_u8; 8];
    random.fill(&mut suffix).map_err(|ring::error::Unspecified| VaultError::Random)?;
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", hexadecimal(&suffix)));
    let temporary = Path::new(&name);
    let written = write(temporary, &key).and_then(|()| match std::fs::hard_link(temporary, path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => sync_folder(path),
    });
    let removed = std::fs::remove_file(temporary);
    written.and(removed).map_err(|source| VaultError::File { path: path.to_owned(), source })
}

fn write(path: &Path, key: &Secret) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(key.expose().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(folder)?.sync_all()
}
