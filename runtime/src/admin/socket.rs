//! The socket's file: there from the first moment for its owner only, and gone at the end.

use anyhow::Context;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tokio::net::UnixListener;

/// The socket's name in the data directory.
pub const SOCKET_FILE: &str = "admin.sock";
/// Longest path of a socket on the systems this runs on, in bytes.
const PATH_BYTES_MAX: usize = 107;

/// A bound socket; its file goes with it.
#[derive(Debug)]
pub struct AdminSocket {
    path: PathBuf,
}

impl AdminSocket {
    /// Binds the socket in a data directory. It is made inside a private directory and moved out,
    /// so that nobody else can open it at any moment; one that a killed process left is replaced.
    pub fn bind(data_dir: &Path) -> anyhow::Result<(Self, UnixListener)> {
        let path = data_dir.join(SOCKET_FILE);
        let private = data_dir.join(format!(".admin.{}", std::process::id()));
        let inside = private.join(SOCKET_FILE);
        let length = inside.as_os_str().len();
        anyhow::ensure!(
            length <= PATH_BYTES_MAX,
            "storage.data_dir is too long for a socket: its path may have {PATH_BYTES_MAX} bytes \
             and has {length}; use a shorter one"
        );
        let bound = bind_inside(&private, &inside).and_then(|listener| {
            std::fs::rename(&inside, &path)?;
            Ok(listener)
        });
        remove(&private);
        let listener = bound.with_context(|| format!("cannot make {}", path.display()))?;
        Ok((Self { path }, listener))
    }
}

fn bind_inside(private: &Path, inside: &Path) -> std::io::Result<UnixListener> {
    if private.exists() {
        std::fs::remove_dir_all(private)?;
    }
    std::fs::DirBuilder::new().mode(0o700).create(private)?;
    let listener = UnixListener::bind(inside)?;
    std::fs::set_permissions(inside, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

fn remove(private: &Path) {
    if let Err(error) = std::fs::remove_dir_all(private) {
        tracing::debug!(%error, "the private directory of the admin socket stays");
    }
}

impl Drop for AdminSocket {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!(%error, "the admin socket's file stays");
        }
    }
}
