//! Reading a body within its limits: so many bytes, so much time, as they are on the wire.

use super::problem::Problem;
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use http::{HeaderMap, header};
use std::time::Duration;
use tokio::time::timeout;

/// What is still read, and thrown away, of a body that is too large: closing the connection while
/// the client is writing would make it lose our answer.
const DRAIN_BYTES_MAX: usize = 256 * 1024 * 1024;

/// For how long that is done.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// Reads a whole body. Bytes are counted as they arrive, whatever `Content-Length` says.
///
/// # Errors
/// 413 over `bytes_max`, 408 after `read_timeout`, 415 if the body is compressed, 400 if the
/// client breaks off.
pub(crate) async fn read_body(
    headers: &HeaderMap,
    body: Body,
    bytes_max: usize,
    read_timeout: Duration,
) -> Result<Bytes, Problem> {
    refuse_compressed(headers)?;
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<u64>().ok());
    let too_long =
        announced.is_some_and(|length| length > u64::try_from(bytes_max).unwrap_or(u64::MAX));
    let mut stream = body.into_data_stream();
    if too_long {
        // Who asked whether to send it at all learns from our answer that it should not.
        if !headers.contains_key(header::EXPECT) {
            drain(stream).await;
        }
        return Err(Problem::too_large(bytes_max));
    }
    match timeout(read_timeout, collect(&mut stream, bytes_max)).await {
        Ok(Some(read)) => read,
        Ok(None) => {
            drain(stream).await;
            Err(Problem::too_large(bytes_max))
        }
        Err(_elapsed) => Err(Problem::slow_body(read_timeout)),
    }
}

type Chunks = axum::body::BodyDataStream;

/// The body, or `None` if it is too large.
async fn collect(stream: &mut Chunks, bytes_max: usize) -> Option<Result<Bytes, Problem>> {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(chunk) = stream.next().await {
        let chunk = match chunk {
            Ok(chunk) => chunk,
            Err(error) => {
                let problem = Problem::invalid("the body broke off").caused_by(&error);
                return Some(Err(problem));
            }
        };
        if first.len() + rest.len() + chunk.len() > bytes_max {
            return None;
        }
        // Most bodies are one chunk, which needs no copy.
        if first.is_empty() && rest.is_empty() {
            first = chunk;
        } else {
            rest.extend_from_slice(&std::mem::take(&mut first));
            rest.extend_from_slice(&chunk);
        }
    }
    Some(Ok(if rest.is_empty() { first } else { rest.freeze() }))
}

async fn drain(mut stream: Chunks) {
    let reading = async {
        let mut dropped = 0_usize;
        while let Some(Ok(chunk)) = stream.next().await {
            dropped = dropped.saturating_add(chunk.len());
            if dropped > DRAIN_BYTES_MAX {
                break;
            }
        }
    };
    if timeout(DRAIN_TIMEOUT, reading).await.is_err() {
        tracing::debug!("an oversize body was cut off");
    }
}

/// Nothing is ever unpacked here, so there is no unpacked size to bound.
fn refuse_compressed(headers: &HeaderMap) -> Result<(), Problem> {
    let plain = headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .all(|value| value.as_bytes().eq_ignore_ascii_case(b"identity"));
    if plain {
        Ok(())
    } else {
        Err(Problem::unsupported_media(
            "compressed bodies are not taken; leave Content-Encoding out",
        ))
    }
}
