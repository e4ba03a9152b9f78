//! A kept-alive HTTP connection that costs next to nothing.

use anyhow::{Context as _, bail};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The longest an answer may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Its status.
    pub status: u16,
    /// Its body.
    pub body: Vec<u8>,
}

/// One connection.
#[derive(Debug)]
pub struct Connection {
    host: String,
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects to a base URL, `http://address:port`.
    pub async fn to(base: &str) -> anyhow::Result<Self> {
        let host = base.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let stream =
            TcpStream::connect(&host).await.with_context(|| format!("cannot reach {host}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { host, stream, buffer: Vec::with_capacity(1_024) })
    }

    /// Posts JSON and reads the whole answer. `headers` are whole lines, each with its end.
    pub async fn post(
        &mut self,
        path: &str,
        headers: &str,
        body: &str,
    ) -> anyhow::Result<Response> {
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n{headers}\
             content-length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await?;
        tokio::time::timeout(ANSWER_LIMIT, self.read())
            .await
            .with_context(|| format!("no answer to POST {path} within {ANSWER_LIMIT:?}"))?
    }

    async fn read(&mut self) -> anyhow::Result<Response> {
        self.buffer.clear();
        loop {
            if let Some((status, head, length)) = head(&self.buffer)?
                && self.buffer.len() >= head + length
            {
                let body = self.buffer.get(head..head + length).unwrap_or_default();
                return Ok(Response { status, body: body.to_vec() });
            }
            if self.buffer.len() > ANSWER_BYTES_MAX {
                bail!("an answer of more than {ANSWER_BYTES_MAX} bytes");
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the connection ended before the answer");
            }
        }
    }
}

/// Status, length of the head and length of the body, once the head is there.
fn head(buffer: &[u8]) -> anyhow::Result<Option<(u16, usize, usize)>> {
    let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let text = std::str::from_utf8(buffer.get(..end).unwrap_or_default())?;
    let status = text.split(' ').nth(1).context("an answer without a status")?.parse()?;
    let length = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(Ok(0), |(_, value)| value.trim().parse())?;
    Ok(Some((status, end + 4, length)))
}

#[cfg(test)]
mod tests {
    use super::head;

    #[test]
    fn a_head_tells_status_and_length() {
        let text = b"HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(head(text).unwrap(), Some((503, text.len() - 2, 2)));
        assert_eq!(head(b"HTTP/1.1 200 OK\r\n\r\n").unwrap(), Some((200, 19, 0)));
        assert_eq!(head(b"HTTP/1.1 200").unwrap(), None);
        assert!(head(b"nonsense\r\n\r\n").is_err());
    }
}
