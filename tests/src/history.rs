//! What happened in a run, as JSON lines: written while it happens, judged afterwards.

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// One thing that happened. A *marker* names one submitted message, in every text it leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Somebody said something; ordinals rise within a conversation.
    Submitted {
        /// Where.
        conversation: String,
        /// The how-manieth message there.
        ordinal: u64,
        /// Its name.
        marker: String,
    },
    /// Our program said that it has the message.
    Acknowledged {
        /// Which.
        marker: String,
    },
    /// A reply reached the platform.
    Delivered {
        /// Where.
        conversation: String,
        /// Which message it answers; absent when it names none.
        marker: Option<String>,
        /// Its place among all deliveries of the conversation.
        order: u64,
        /// When it appeared, in milliseconds since the history began.
        seen_ms: u64,
    },
    /// Our program's ledger says that a reply may have been sent twice.
    DeclaredAmbiguous {
        /// The answer to which message.
        marker: String,
    },
    /// A part of an answer was shown and never finished.
    Fragment {
        /// Where.
        conversation: String,
    },
    /// The process was killed.
    Killed {
        /// The kill point's name, or `random`.
        point: String,
    },
    /// The process is ready again.
    Restarted {
        /// From start to ready, in milliseconds.
        ready_ms: u64,
    },
}

/// An event with its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Milliseconds since the history began.
    pub at_ms: u64,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// A history that is being written.
#[derive(Debug)]
pub struct History {
    path: PathBuf,
    began: Instant,
    written: Mutex<(tokio::fs::File, Vec<Entry>)>,
}

impl History {
    /// Begins a new file.
    pub async fn create(path: &Path) -> anyhow::Result<Self> {
        let file = tokio::fs::File::create(path)
            .await
            .with_context(|| format!("cannot write the history to {}", path.display()))?;
        Ok(Self {
            path: path.to_owned(),
            began: Instant::now(),
            written: Mutex::new((file, Vec::new())),
        })
    }

    /// How long ago it began.
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Writes one event.
    pub async fn record(&self, event: Event) -> anyhow::Result<()> {
        let at_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let entry = Entry { at_ms, event };
        let mut line = serde_json::to_vec(&entry)?;
        line.push(b'\n');
        let mut written = self.written.lock().await;
        written.0.write_all(&line).await?;
        written.1.push(entry);
        Ok(())
    }

    /// Everything so far.
    pub async fn entries(&self) -> Vec<Entry> {
        self.written.lock().await.1.clone()
    }

    /// Makes sure that the file holds everything, and returns where it is.
    pub async fn close(&self) -> anyhow::Result<&Path> {
        self.written.lock().await.0.sync_all().await?;
        Ok(&self.path)
    }
}

/// Reads a history back.
pub fn read(text: &str) -> anyhow::Result<Vec<Entry>> {
    text.lines()
        .enumerate()
        .map(|(index, line)| {
            serde_json::from_str(line)
                .with_context(|| format!("line {} is not an entry", index + 1))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Event, History, read};

    #[tokio::test]
    async fn a_history_is_read_back_as_it_was_written() {
        let dir = tempfile::tempdir().unwrap();
        let history = History::create(&dir.path().join("history.jsonl")).await.unwrap();
        for event in [
            Event::Submitted { conversation: "c".into(), ordinal: 1, marker: "m".into() },
            Event::Acknowledged { marker: "m".into() },
            Event::Delivered { conversation: "c".into(), marker: None, order: 3, seen_ms: 12 },
            Event::Killed { point: "K4".into() },
        ] {
            history.record(event).await.unwrap();
        }
        let text = std::fs::read_to_string(history.close().await.unwrap()).unwrap();
        assert_eq!(read(&text).unwrap(), history.entries().await);
        assert!(read("{").is_err());
    }
}
