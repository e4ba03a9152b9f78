//! Is the data directory there, writable and private, and is the root key in it?

use super::report::Check;
use crate::config::Config;
use crate::wiring::ROOT_KEY_FILE;
use rookery_domain::Secret;
use rookery_storage::vault::RootKey;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Permissions of others than the owner.
const OTHERS: u32 = 0o077;

/// Checks directory and key.
pub(super) fn check(config: &Config) -> Vec<Check> {
    let data_dir = &config.storage.data_dir;
    vec![directory(data_dir), root_key(config)]
}

fn directory(data_dir: &Path) -> Check {
    const NAME: &str = "data directory";
    let shown = data_dir.display();
    if !data_dir.exists() {
        return Check::ok(NAME, format!("{shown} is made by the first `rookery serve`"));
    }
    let probe = data_dir.join(format!(".doctor.{}", std::process::id()));
    let written = std::fs::write(&probe, b"").and_then(|()| std::fs::remove_file(&probe));
    if let Err(error) = written {
        return Check::failed(
            NAME,
            format!("{shown} is not writable: {error}"),
            "make it writable for the user that runs rookery, or set storage.data_dir",
        );
    }
    match mode(data_dir) {
        Some(mode) if mode & OTHERS != 0 => Check::warning(
            NAME,
            format!("{shown} can be read by others (mode {mode:03o})"),
            format!("chmod 700 {shown}"),
        ),
        _ => Check::ok(NAME, format!("{shown} is writable")),
    }
}

fn root_key(config: &Config) -> Check {
    const NAME: &str = "root key";
    if config.secrets.root_key.is_some() {
        return Check::ok(NAME, "in secrets.root_key");
    }
    let path = config.storage.file(ROOT_KEY_FILE);
    let shown = path.display();
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => Secret::new(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Check::ok(NAME, format!("{shown} is made by the first `rookery serve`"));
        }
        Err(error) => {
            return Check::failed(
                NAME,
                format!("{shown} cannot be read: {error}"),
                "run this as the user that runs rookery",
            );
        }
    };
    match (mode(&path), RootKey::from_base64(&text)) {
        (Some(mode), _) if mode & OTHERS != 0 => Check::failed(
            NAME,
            format!("{shown} can be read by others (mode {mode:03o})"),
            format!("chmod 600 {shown}"),
        ),
        (_, Err(error)) => Check::failed(
            NAME,
            format!("{shown} is not a key: {error}"),
            "restore it from a backup: without it no stored secret can be read",
        ),
        (_, Ok(_)) => Check::ok(NAME, format!("{shown}, for its owner only")),
    }
}

fn mode(path: &Path) -> Option<u32> {
    let permissions = path.metadata().ok()?.permissions();
    Some(permissions.mode() & 0o777)
}
