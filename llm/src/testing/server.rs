//! An HTTP server that plays a script, one connection after the other.

use serde_json::Value;
use std::any::Any;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// What the server does with one request.
#[derive(Debug, Clone)]
pub(crate) struct Play {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) pieces: Vec<String>,
    pub(crate) ending: Ending,
}

/// How a response ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// As HTTP wants it.
    Complete,
    /// The connection closes in the middle of the body.
    Cut,
    /// Nothing more comes, and the connection stays open.
    Silence,
    /// Not even a status comes.
    NoAnswer,
}

impl Play {
    /// A stream of events that was completely sent.
    pub(crate) fn events(pieces: Vec<String>) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type", "text/event-stream".to_owned())],
            pieces,
            ending: Ending::Complete,
        }
    }

    /// A refusal with a JSON body.
    pub(crate) fn refusal(status: u16, body: String) -> Self {
        Self {
            status,
            headers: vec![("content-type", "application/json".to_owned())],
            pieces: vec![body],
            ending: Ending::Complete,
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn ending(mut self, ending: Ending) -> Self {
        self.ending = ending;
        self
    }
}

/// A request as it came over the wire.
#[derive(Debug)]
pub(crate) struct Recorded {
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Value,
}

/// A running server. After its script it refuses connections.
#[derive(Debug)]
pub(crate) struct VendorServer {
    pub(crate) address: String,
    requests: Receiver<Recorded>,
    /// Connections kept silent are closed when this goes.
    _alive: Sender<()>,
}

impl VendorServer {
    pub(crate) fn start(script: Vec<Play>) -> Self {
        Self::serve(script, Ok)
    }

    /// The same behind TLS.
    pub(crate) fn start_tls(script: Vec<Play>, config: rustls::ServerConfig) -> Self {
        let config = Arc::new(config);
        Self::serve(script, move |stream| {
            let session = rustls::ServerConnection::new(Arc::clone(&config))
                .map_err(std::io::Error::other)?;
            Ok(rustls::StreamOwned::new(session, stream))
        })
    }

    fn serve<S: Read + Write + Send + 'static>(
        script: Vec<Play>,
        wrap: impl Fn(TcpStream) -> std::io::Result<S> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let (request_sender, requests) = channel();
        let (alive, gone) = channel::<()>();
        std::thread::spawn(move || {
            let mut silent: Vec<Box<dyn Any>> = Vec::new();
            for play in script {
                let Ok((connection, _)) = listener.accept() else {
                    return;
                };
                connection.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
                let Ok(mut stream) = wrap(connection) else {
                    continue;
                };
                if let Some(request) = read_request(&mut stream) {
                    // The test may have ended without asking for it.
                    drop(request_sender.send(request));
                    // A client that gives up early is part of some scripts.
                    drop(write_response(&mut stream, &play));
                }
                if matches!(play.ending, Ending::Silence | Ending::NoAnswer) {
                    silent.push(Box::new(stream));
                }
            }
            drop(listener);
            // Ends with the test.
            assert!(gone.recv().is_err());
            drop(silent);
        });
        Self { address, requests, _alive: alive }
    }

    /// The next request that came in.
    pub(crate) fn request(&self) -> Recorded {
        self.requests.recv_timeout(Duration::from_secs(10)).expect("a request came")
    }
}

fn read_request(stream: &mut impl Read) -> Option<Recorded> {
    let mut bytes = Vec::new();
    let mut buffer = [0_u8; 4096];
    let (head_length, body_length) = loop {
        let count = stream.read(&mut buffer).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))
                .and_then(|value| value.trim().parse::<usize>().ok())
                .unwrap_or(0);
            break (end + 4, length);
        }
    };
    while bytes.len() < head_length + body_length {
        let count = stream.read(&mut buffer).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
    }
    let head = String::from_utf8_lossy(&bytes[..head_length]).into_owned();
    let mut lines = head.lines();
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let body = serde_json::from_slice(&bytes[head_length..]).unwrap_or(Value::Null);
    Some(Recorded { path, headers, body })
}

fn write_response(stream: &mut impl Write, play: &Play) -> std::io::Result<()> {
    if play.ending == Ending::NoAnswer {
        return Ok(());
    }
    write!(stream, "HTTP/1.1 {} Scripted\r\n", play.status)?;
    for (name, value) in &play.headers {
        write!(stream, "{name}: {value}\r\n")?;
    }
    write!(stream, "connection: close\r\ntransfer-encoding: chunked\r\n\r\n")?;
    for piece in &play.pieces {
        write!(stream, "{:x}\r\n{piece}\r\n", piece.len())?;
        stream.flush()?;
    }
    if play.ending == Ending::Complete {
        write!(stream, "0\r\n\r\n")?;
    }
    stream.flush()
}
