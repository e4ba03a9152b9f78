//! Server-sent events, cut from the bytes of a stream.

use anyhow::Context as _;
use serde_json::Value;

/// One event of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiEvent {
    /// Its sequence number, as text.
    pub id: String,
    /// `delta`, `message`, `done` or `error`.
    pub kind: String,
    /// Its data.
    pub data: Value,
}

impl ApiEvent {
    /// Whether the run ends with it.
    pub fn is_end(&self) -> bool {
        self.kind == "done" || self.kind == "error"
    }
}

/// Collects bytes until events are whole.
#[derive(Debug, Default)]
pub(super) struct EventReader {
    waiting: Vec<u8>,
}

impl EventReader {
    pub(super) fn feed(&mut self, bytes: &[u8]) -> anyhow::Result<Vec<ApiEvent>> {
        self.waiting.extend_from_slice(bytes);
        let mut events = Vec::new();
        while let Some(end) = self.waiting.windows(2).position(|pair| pair == b"\n\n") {
            let block: Vec<u8> = self.waiting.drain(..end + 2).collect();
            events.extend(read(&String::from_utf8_lossy(&block))?);
        }
        Ok(events)
    }
}

/// A block without data is a comment that keeps the connection alive.
fn read(block: &str) -> anyhow::Result<Option<ApiEvent>> {
    let field = |name: &str| {
        block
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.trim_start().to_owned())
    };
    let Some(data) = field("data") else {
        return Ok(None);
    };
    Ok(Some(ApiEvent {
        id: field("id").unwrap_or_default(),
        kind: field("event").unwrap_or_else(|| "message".to_owned()),
        data: serde_json::from_str(&data).with_context(|| format!("not JSON: {data}"))?,
    }))
}

#[cfg(test)]
mod tests {
    use super::EventReader;

    #[test]
    fn events_are_whole_however_the_bytes_are_cut() {
        let text = ": hello\n\nid: 7\nevent: delta\ndata: {\"text\":\"a\"}\n\nid: 8\nevent: done\ndata: {}\n\n";
        for cut in 1..text.len() {
            let mut reader = EventReader::default();
            let mut events = reader.feed(&text.as_bytes()[..cut]).unwrap();
            events.extend(reader.feed(&text.as_bytes()[cut..]).unwrap());
            assert_eq!(events.len(), 2);
            assert_eq!((events[0].id.as_str(), events[0].data["text"].as_str()), ("7", Some("a")));
            assert!(events[1].is_end());
        }
    }
}
