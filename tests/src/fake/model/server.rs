//! The listener of the fake model.

use super::ask::Ask;
use super::script::{Answer, Script, echo};
use super::{anthropic, openai};
use crate::fake::fault::{Fault, Rule, Rules};
use anyhow::Context as _;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, Uri, header};
use futures::StreamExt as _;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// The largest request body.
const BODY_BYTES_MAX: usize = 16 << 20;
/// The key that is accepted unless another one is set.
const DEFAULT_KEY: &str = "sk-fake-model-key";

/// Which vendor's wire a call came over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wire {
    /// `/v1/chat/completions`.
    OpenAi,
    /// `/v1/messages`.
    Anthropic,
}

impl Wire {
    /// Both.
    pub const ALL: [Self; 2] = [Self::OpenAi, Self::Anthropic];

    /// The provider's `kind` in the configuration, and the target of fault rules.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
        }
    }
}

/// One call.
#[derive(Debug, Clone)]
pub struct ModelCall {
    /// Since the server started.
    pub at: Duration,
    /// Over which wire.
    pub wire: Wire,
    /// What was asked.
    pub ask: Ask,
    /// The key it came with.
    pub key: String,
    /// The answer's status; 0 where none came.
    pub status: u16,
    ended: Arc<AtomicBool>,
}

impl ModelCall {
    /// Whether the caller was given the whole answer.
    pub fn ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }
}

/// A part of a streamed answer: a piece of content, or what stands around the pieces.
#[derive(Debug)]
pub(super) struct Frame {
    bytes: String,
    is_piece: bool,
}

impl Frame {
    pub(super) const fn piece(bytes: String) -> Self {
        Self { bytes, is_piece: true }
    }

    pub(super) const fn around(bytes: String) -> Self {
        Self { bytes, is_piece: false }
    }
}

struct Inner {
    script: Mutex<Script>,
    faults: Mutex<Rules>,
    calls: Mutex<Vec<ModelCall>>,
    changes: watch::Sender<u64>,
    keys: Mutex<Vec<String>>,
    started: Instant,
}

/// A running fake model. Dropping it ends it.
pub struct FakeModel {
    inner: Arc<Inner>,
    address: SocketAddr,
    default_key: String,
    task: JoinHandle<()>,
}

impl std::fmt::Debug for FakeModel {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("FakeModel").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for FakeModel {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl FakeModel {
    /// Starts on a free port with the echo script.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
            .await
            .context("no free port for the fake model")?;
        let address = listener.local_addr()?;
        let inner = Arc::new(Inner {
            script: Mutex::new(Arc::new(echo)),
            faults: Mutex::new(Rules::seeded(2)),
            calls: Mutex::new(Vec::new()),
            changes: watch::Sender::new(0),
            keys: Mutex::new(vec![DEFAULT_KEY.to_owned()]),
            started: Instant::now(),
        });
        let app = axum::Router::new()
            .fallback(answer)
            .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
            .with_state(Arc::clone(&inner));
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, app).await {
                drop(error);
            }
        });
        Ok(Self { inner, address, default_key: DEFAULT_KEY.to_owned(), task })
    }

    /// The base URL as the vendor's SDK takes it.
    pub fn base_url(&self, wire: Wire) -> String {
        match wire {
            Wire::OpenAi => format!("http://{}/v1", self.address),
            Wire::Anthropic => format!("http://{}", self.address),
        }
    }

    /// A key that is accepted.
    pub fn key(&self) -> String {
        self.default_key.clone()
    }

    /// Accepts one more key.
    pub async fn accept_key(&self, key: &str) {
        self.inner.keys.lock().await.push(key.to_owned());
    }

    /// Answers by another script from now on.
    pub async fn script(&self, script: Script) {
        *self.inner.script.lock().await = script;
    }

    /// Adds a rule; its target is a wire's name or `*`.
    pub async fn fault(&self, rule: Rule) {
        self.inner.faults.lock().await.add(rule);
    }

    /// Behaves from now on.
    pub async fn clear_faults(&self) {
        self.inner.faults.lock().await.clear();
    }

    /// Every authenticated call, in order.
    pub async fn calls(&self) -> Vec<ModelCall> {
        self.inner.calls.lock().await.clone()
    }

    /// Waits until `holds` is true of the calls.
    pub async fn wait_for_calls(
        &self,
        limit: Duration,
        holds: impl Fn(&[ModelCall]) -> bool,
    ) -> anyhow::Result<Vec<ModelCall>> {
        let mut changes = self.inner.changes.subscribe();
        let search = async {
            loop {
                let calls = self.calls().await;
                if holds(&calls) {
                    return Ok(calls);
                }
                changes.changed().await.context("the fake model ended")?;
            }
        };
        tokio::time::timeout(limit, search)
            .await
            .with_context(|| format!("the model was not asked as expected within {limit:?}"))?
    }
}

async fn answer(
    State(inner): State<Arc<Inner>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let wire = match uri.path() {
        "/v1/chat/completions" | "/v1/models" => Wire::OpenAi,
        "/v1/messages" => Wire::Anthropic,
        _ => return refuse(Wire::OpenAi, 404, "Unknown request URL.", None),
    };
    let key = key_of(wire, &headers);
    if !inner.keys.lock().await.contains(&key) {
        return refuse(wire, 401, "Incorrect API key provided.", None);
    }
    if uri.path() == "/v1/models" {
        return json_response(
            200,
            &json!({
                "object": "list",
                "data": [{ "id": "fake-1", "object": "model", "created": 1, "owned_by": "fake" }],
            }),
        );
    }
    if wire == Wire::Anthropic && !headers.contains_key("anthropic-version") {
        return refuse(wire, 400, "anthropic-version: header is required", None);
    }
    let read = serde_json::from_slice(&body)
        .map_err(|error| format!("could not parse the JSON body: {error}"))
        .and_then(|body: Value| match wire {
            Wire::OpenAi => openai::read(body),
            Wire::Anthropic => anthropic::read(body),
        });
    match read {
        Ok(ask) => serve(&inner, wire, key, ask).await,
        Err(message) => refuse(wire, 400, &message, None),
    }
}

fn key_of(wire: Wire, headers: &HeaderMap) -> String {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = || text("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let key = match wire {
        Wire::OpenAi => bearer(),
        Wire::Anthropic => text("x-api-key").or_else(bearer),
    };
    key.unwrap_or_default().to_owned()
}

async fn serve(inner: &Inner, wire: Wire, key: String, ask: Ask) -> Response<Body> {
    let faults = inner.faults.lock().await.strike(wire.name());
    let refusal = faults.iter().find_map(|fault| match *fault {
        Fault::TooManyRequests { retry_after } => Some((429, Some(retry_after))),
        Fault::ErrorBefore(status) | Fault::ErrorAfter(status) => Some((status, None)),
        _ => None,
    });
    let ended = Arc::new(AtomicBool::new(false));
    inner.calls.lock().await.push(ModelCall {
        at: inner.started.elapsed(),
        wire,
        ask: ask.clone(),
        key,
        status: refusal.map_or(200, |(status, _)| status),
        ended: Arc::clone(&ended),
    });
    inner.changes.send_modify(|count| *count = count.wrapping_add(1));
    for fault in &faults {
        match *fault {
            Fault::Delay(delay) => tokio::time::sleep(delay).await,
            Fault::Hang => std::future::pending::<()>().await,
            Fault::CutBefore | Fault::CutAfter => return broken(),
            _ => {}
        }
    }
    if let Some((status, retry_after)) = refusal {
        let message = match status {
            400 => "This model's maximum context length is exceeded.",
            429 => "Rate limit reached.",
            529 => "Overloaded",
            _ => "The server had an error while processing your request.",
        };
        return refuse(wire, status, message, retry_after);
    }
    let script = Arc::clone(&*inner.script.lock().await);
    let answer = script(&ask);
    let with_usage = !faults.contains(&Fault::NoUsage);
    if !ask.stream {
        let pieces = u32::try_from(answer.pieces.len()).unwrap_or(u32::MAX);
        tokio::time::sleep(answer.pause.saturating_mul(pieces)).await;
        ended.store(true, Ordering::SeqCst);
        let body = match wire {
            Wire::OpenAi => openai::whole(&ask, &answer, with_usage),
            Wire::Anthropic => anthropic::whole(&ask, &answer, with_usage),
        };
        return json_response(200, &body);
    }
    let cut_after = faults.iter().find_map(|fault| match *fault {
        Fault::CutMidStream(pieces) => Some(pieces),
        _ => None,
    });
    let frames = match wire {
        Wire::OpenAi => openai::frames(&ask, &answer, with_usage),
        Wire::Anthropic => anthropic::frames(&ask, &answer, with_usage),
    };
    streamed(frames, &answer, cut_after, ended)
}

fn streamed(
    frames: Vec<Frame>,
    answer: &Answer,
    cut_after: Option<usize>,
    ended: Arc<AtomicBool>,
) -> Response<Body> {
    let pause = answer.pause;
    let last = frames.len();
    let mut pieces = 0_usize;
    let numbered = frames.into_iter().enumerate().map(move |(index, frame)| {
        if cut_after.is_some_and(|limit| pieces >= limit) && (frame.is_piece || index + 1 == last) {
            return (index, None, Duration::ZERO);
        }
        if frame.is_piece {
            pieces += 1;
        }
        let wait = if frame.is_piece { pause } else { Duration::ZERO };
        (index, Some(frame.bytes), wait)
    });
    let stream = futures::stream::iter(numbered).then(move |(index, bytes, wait)| {
        let ended = Arc::clone(&ended);
        async move {
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
            if bytes.is_none() {
                // What came before must reach the caller: the listener flushes while we wait.
                tokio::task::yield_now().await;
            }
            if index + 1 == last {
                ended.store(bytes.is_some(), Ordering::SeqCst);
            }
            bytes
                .map(Bytes::from)
                .ok_or_else(|| std::io::Error::from(std::io::ErrorKind::ConnectionReset))
        }
    });
    let mut response = Response::new(Body::from_stream(stream));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    response
}

fn broken() -> Response<Body> {
    let broken = futures::stream::once(async {
        Err::<Bytes, _>(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
    });
    Response::new(Body::from_stream(broken))
}

fn refuse(wire: Wire, status: u16, message: &str, retry_after: Option<u64>) -> Response<Body> {
    let body = match wire {
        Wire::OpenAi => openai::error(status, message),
        Wire::Anthropic => anthropic::error(status, message),
    };
    let mut response = json_response(status, &body);
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn json_response(status: u16, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
