//! A Bot API that answers call after call as a script says and remembers what it was asked.

use serde_json::Value;
use std::collections::VecDeque;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// What happens to one call.
pub(super) enum Step {
    /// A status and a body.
    Answer(u16, String),
    /// The call is read and the connection is cut.
    Cut,
    /// Half of an answer, then the connection is cut.
    CutMidAnswer,
    /// The call is read and nothing is ever said.
    Silence,
}

impl Step {
    pub(super) fn result(result: &str) -> Self {
        Self::Answer(200, format!(r#"{{"ok":true,"result":{result}}}"#))
    }

    pub(super) fn refusal(code: u16, description: &str) -> Self {
        let body = serde_json::json!({
            "ok": false, "error_code": code, "description": description,
        });
        Self::Answer(code, body.to_string())
    }

    pub(super) fn refusal_with(code: u16, description: &str, parameters: &Value) -> Self {
        let body = serde_json::json!({
            "ok": false, "error_code": code, "description": description, "parameters": parameters,
        });
        Self::Answer(code, body.to_string())
    }
}

/// The server; it stops when it is dropped.
pub(super) struct ScriptedApi {
    address: SocketAddr,
    calls: mpsc::Receiver<(String, Value)>,
    _server: JoinSet<()>,
}

impl ScriptedApi {
    pub(super) async fn start(script: impl IntoIterator<Item = Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, calls) = mpsc::channel(64);
        let mut script: VecDeque<Step> = script.into_iter().collect();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            // Held open, so that the caller waits and is not cut off.
            let (hold, _held) = mpsc::channel(8);
            while let Ok((mut stream, _)) = listener.accept().await {
                let call = read_call(&mut stream).await;
                sender.send(call).await.unwrap();
                match script.pop_front().expect("a call that is not in the script") {
                    Step::Answer(status, body) => {
                        answer(&mut stream, status, &body, body.len()).await;
                    }
                    Step::CutMidAnswer => answer(&mut stream, 200, r#"{"ok":true,"#, 500).await,
                    Step::Cut => drop(stream),
                    Step::Silence => hold.send(stream).await.unwrap(),
                }
            }
        });
        Self { address, calls, _server: tasks }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next call: its path and its body.
    pub(super) async fn call(&mut self) -> (String, Value) {
        self.calls.recv().await.unwrap()
    }

    /// How many calls nobody has looked at.
    pub(super) fn calls_left(&self) -> usize {
        self.calls.len()
    }
}

async fn read_call(stream: &mut TcpStream) -> (String, Value) {
    let mut read = Vec::new();
    let (head, length) = loop {
        let mut chunk = [0; 4_096];
        let count = stream.read(&mut chunk).await.unwrap();
        assert!(count > 0, "a request without an end");
        read.extend_from_slice(&chunk[..count]);
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(read[..end].to_vec()).unwrap();
            break (head, end + 4);
        }
    };
    let body_length: usize = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())
        .unwrap();
    let mut body = read.split_off(length);
    while body.len() < body_length {
        let mut chunk = [0; 4_096];
        let count = stream.read(&mut chunk).await.unwrap();
        body.extend_from_slice(&chunk[..count]);
    }
    let path = head.split(' ').nth(1).unwrap().to_owned();
    (path, serde_json::from_slice(&body).unwrap())
}

async fn answer(stream: &mut TcpStream, status: u16, body: &str, length: usize) {
    let text = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    stream.write_all(text.as_bytes()).await.unwrap();
}
