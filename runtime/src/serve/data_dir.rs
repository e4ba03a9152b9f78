//! The data directory: made for its owner only, and writable.

use anyhow::Context;
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// Makes the directory if it is missing (mode 0700).
pub(crate) fn prepare(data_dir: &Path) -> anyhow::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(data_dir).with_context(|| {
        format!(
            "cannot make the data directory {}: set storage.data_dir to a writable place",
            data_dir.display()
        )
    })
}

/// Writes a file for its owner only (mode 0600), whole or not at all.
pub(super) fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", std::process::id()));
    let fresh = Path::new(&name);
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(fresh)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        })
        .and_then(|()| std::fs::rename(fresh, path));
    written.with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::{prepare, write_private};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn directory_and_files_are_for_their_owner_only() {
        let outer = tempfile::tempdir().unwrap();
        let data_dir = outer.path().join("a/b");
        prepare(&data_dir).unwrap();
        prepare(&data_dir).unwrap();
        let file = data_dir.join("file");
        write_private(&file, "one").unwrap();
        write_private(&file, "two").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "two");
        let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&data_dir), mode(&file)), (0o700, 0o600));
        assert_eq!(std::fs::read_dir(&data_dir).unwrap().count(), 1);
    }
}
