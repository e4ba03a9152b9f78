//! Requests as they come over a kept-alive connection, read with as little work as possible.

use anyhow::{Context as _, bail};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

/// The longest request: a whole history is far below it.
const REQUEST_BYTES_MAX: usize = 4 << 20;
const READ_BYTES: usize = 16 << 10;

/// The requests of one connection.
#[derive(Debug, Default)]
pub(super) struct Requests {
    buffer: Vec<u8>,
    taken: usize,
}

/// One request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request<'b> {
    pub(super) path: &'b str,
    pub(super) body: &'b [u8],
}

impl Requests {
    /// The next request; `None` at the end of the connection.
    pub(super) async fn next<'b>(
        &'b mut self,
        stream: &mut TcpStream,
    ) -> anyhow::Result<Option<Request<'b>>> {
        self.buffer.drain(..self.taken);
        self.taken = 0;
        let (head, end) = loop {
            if let Some(sizes) = sizes(&self.buffer)?
                && self.buffer.len() >= sizes.1
            {
                break sizes;
            }
            if self.buffer.len() > REQUEST_BYTES_MAX {
                bail!("a request of more than {REQUEST_BYTES_MAX} bytes");
            }
            self.buffer.reserve(READ_BYTES);
            if stream.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        };
        self.taken = end;
        let text = std::str::from_utf8(self.buffer.get(..head).unwrap_or_default())?;
        let path = text.split(' ').nth(1).context("a request without a path")?;
        Ok(Some(Request { path, body: self.buffer.get(head..end).unwrap_or_default() }))
    }
}

/// Where the head ends and where the request ends, once the head is there.
fn sizes(buffer: &[u8]) -> anyhow::Result<Option<(usize, usize)>> {
    let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = end + 4;
    let text = std::str::from_utf8(buffer.get(..head).unwrap_or_default())?;
    let length = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(Ok(0), |(_, value)| value.trim().parse::<usize>())?;
    Ok(Some((head, head + length)))
}

/// The number that follows the last occurrence of `needle`.
pub(super) fn number_after(body: &[u8], needle: &[u8]) -> Option<u64> {
    let at = body.windows(needle.len()).rposition(|part| part == needle)? + needle.len();
    let digits = body.get(at..)?.iter().take_while(|byte| byte.is_ascii_digit());
    let mut number: Option<u64> = None;
    for digit in digits {
        let value = u64::from(digit - b'0');
        number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(value)?);
    }
    number
}

#[cfg(test)]
mod tests {
    use super::{number_after, sizes};

    #[test]
    fn a_request_is_whole_when_its_body_is() {
        let text = b"POST /v1 HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello";
        assert_eq!(sizes(text).unwrap(), Some((text.len() - 5, text.len())));
        assert_eq!(sizes(b"GET / HTTP/1.1\r\n").unwrap(), None);
        assert_eq!(sizes(b"GET / HTTP/1.1\r\n\r\n").unwrap(), Some((18, 18)));
        assert!(sizes(b"POST / HTTP/1.1\r\ncontent-length: x\r\n\r\n").is_err());
    }

    #[test]
    fn the_newest_mark_counts() {
        assert_eq!(number_after(b"zq0000001 .. zq0000042 good", b"zq"), Some(42));
        assert_eq!(number_after(b"{\"chat_id\":1000000007,", b"\"chat_id\":"), Some(1_000_000_007));
        assert_eq!(number_after(b"zq", b"zq"), None);
        assert_eq!(number_after(b"nothing", b"zq"), None);
    }
}
