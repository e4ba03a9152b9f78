//! `<data_dir>/run.json`: there while the process is ready, for whoever started it on port 0.

use super::data_dir::write_private;
use std::path::{Path, PathBuf};

/// The file's name.
const RUN_FILE: &str = "run.json";

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Run {
    /// The process's id.
    pub(super) pid: u32,
    /// Base URL of the public listener, as this machine reaches it.
    pub(super) http: String,
    /// Base URL of the private listener.
    pub(super) ops: String,
}

/// The written file; it goes with this.
#[derive(Debug)]
pub(super) struct RunFile {
    path: PathBuf,
}

impl RunFile {
    /// Removes what a killed process left.
    pub(super) fn clear(data_dir: &Path) {
        remove(&data_dir.join(RUN_FILE));
    }

    /// Writes it.
    pub(super) fn write(data_dir: &Path, run: &Run) -> anyhow::Result<Self> {
        let path = data_dir.join(RUN_FILE);
        write_private(&path, &serde_json::to_string(run)?)?;
        Ok(Self { path })
    }
}

impl Drop for RunFile {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

fn remove(path: &Path) {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!(path = %path.display(), %error, "cannot remove the file");
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::{Run, RunFile};

    #[test]
    fn the_file_is_there_while_the_process_is_ready_and_no_longer() {
        let data_dir = tempfile::tempdir().unwrap();
        let path = data_dir.path().join("run.json");
        let run = Run {
            pid: 7,
            http: "http://127.0.0.1:8080".to_owned(),
            ops: "http://127.0.0.1:9090".to_owned(),
        };
        let file = RunFile::write(data_dir.path(), &run).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(serde_json::from_str::<Run>(&text).unwrap(), run);
        drop(file);
        assert!(!path.exists());
        std::fs::write(&path, "stale").unwrap();
        RunFile::clear(data_dir.path());
        assert!(!path.exists());
    }
}
