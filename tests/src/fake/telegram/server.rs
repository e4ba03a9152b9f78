//! The listener: reads a call, lets faults strike, runs the method, records what happened.

use super::call::{ApiError, Call, Delivery};
use super::methods::{Moment, execute, spelled};
use super::params::Params;
use super::polling;
use super::state::{Bot, State};
use super::{BotHandle, webhook};
use crate::fake::fault::{Fault, Rule};
use crate::fake::http_client;
use anyhow::Context as _;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State as Shared};
use axum::http::{HeaderMap, Response, StatusCode, Uri, header};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// The largest request body, as the vendor's for files sent by URL or text.
const BODY_BYTES_MAX: usize = 1 << 20;

/// How fast Telegram's time runs.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// What one second of the vendor's waiting lasts here: back-off and `Retry-After` of webhooks.
    pub second: Duration,
    /// How long a webhook may take to answer.
    pub webhook_limit: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self { second: Duration::from_millis(20), webhook_limit: Duration::from_secs(10) }
    }
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) state: Mutex<State>,
    pub(super) changes: watch::Sender<u64>,
    pub(super) client: reqwest::Client,
    pub(super) timing: Timing,
    pub(super) started: Instant,
}

impl Inner {
    /// Tells everybody who waits that something happened.
    pub(super) fn changed(&self) {
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
    }

    pub(super) fn since_start(&self) -> Duration {
        self.started.elapsed()
    }
}

/// A running fake of the Bot API. Dropping it ends it.
#[derive(Debug)]
pub struct FakeTelegram {
    inner: Arc<Inner>,
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for FakeTelegram {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl FakeTelegram {
    /// Starts on a free port with the default timing.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_with(Timing::default(), 1).await
    }

    /// Starts on a free port; the seed decides the faults that happen by chance.
    pub async fn start_with(timing: Timing, seed: u64) -> anyhow::Result<Self> {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
            .await
            .context("no free port for the fake Bot API")?;
        let address = listener.local_addr()?;
        let inner = Arc::new(Inner {
            state: Mutex::new(State::new(seed)),
            changes: watch::Sender::new(0),
            client: http_client(timing.webhook_limit)?,
            timing,
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
        Ok(Self { inner, address, task })
    }

    /// The base URL: what `api_url` is set to.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How long the server runs.
    pub fn elapsed(&self) -> Duration {
        self.inner.since_start()
    }

    /// Registers a bot. The token's first part is its id.
    pub async fn bot(&self, token: &str, username: &str) -> anyhow::Result<BotHandle> {
        let id = token
            .split_once(':')
            .and_then(|(id, _)| id.parse().ok())
            .context("a bot token begins with the bot's number and a colon")?;
        let mut state = self.inner.state.lock().await;
        state.bots.insert(token.to_owned(), Bot::new(id, username));
        drop(state);
        Ok(BotHandle::new(Arc::clone(&self.inner), token.to_owned()))
    }

    /// Adds a rule: methods by name, webhook deliveries as `webhook`.
    pub async fn fault(&self, rule: Rule) {
        self.inner.state.lock().await.faults.add(rule);
    }

    /// Behaves from now on.
    pub async fn clear_faults(&self) {
        self.inner.state.lock().await.faults.clear();
    }

    /// Every call of all bots, in order.
    pub async fn calls(&self) -> Vec<Call> {
        self.inner.state.lock().await.calls.clone()
    }

    /// Every webhook delivery of all bots, in order.
    pub async fn deliveries(&self) -> Vec<Delivery> {
        self.inner.state.lock().await.deliveries.clone()
    }
}

/// Everything of one request.
struct Request {
    token: String,
    method: String,
    params: Params,
}

async fn answer(
    Shared(inner): Shared<Arc<Inner>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    match read(&uri, &headers, &body) {
        Ok(request) => serve(&inner, request).await,
        Err(error) => respond(Err(&error)),
    }
}

fn read(uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Result<Request, ApiError> {
    let not_found = || ApiError::new(404, "Not Found");
    let (token, method) = uri
        .path()
        .strip_prefix("/bot")
        .and_then(|rest| rest.split_once('/'))
        .ok_or_else(not_found)?;
    let content_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    Ok(Request {
        token: token.replace("%3A", ":"),
        method: spelled(method),
        params: Params::read(uri.query(), content_type, body)?,
    })
}

async fn serve(inner: &Arc<Inner>, request: Request) -> Response<Body> {
    let faults = {
        let mut state = inner.state.lock().await;
        if !state.bots.contains_key(&request.token) {
            return respond(Err(&ApiError::new(401, "Unauthorized")));
        }
        state.faults.strike(&request.method)
    };
    for fault in &faults {
        match *fault {
            Fault::Delay(delay) => tokio::time::sleep(delay).await,
            Fault::Hang => std::future::pending::<()>().await,
            Fault::TooManyRequests { retry_after } => {
                let refusal = ApiError::too_many_requests(retry_after);
                record(inner, &request, Err(&refusal), Effect::none(refusal.code)).await;
                return respond(Err(&refusal));
            }
            Fault::ErrorBefore(status) => {
                let refusal = ApiError::new(status, "Internal Server Error");
                record(inner, &request, Err(&refusal), Effect::none(status)).await;
                return respond(Err(&refusal));
            }
            Fault::CutBefore => {
                let refusal = ApiError::new(0, "connection cut");
                record(inner, &request, Err(&refusal), Effect::none(0)).await;
                return cut();
            }
            _ => {}
        }
    }
    let result = run(inner, &request).await;
    let untruth = faults.iter().find_map(|fault| match *fault {
        Fault::ErrorAfter(status) => Some(status),
        Fault::CutAfter => Some(0),
        _ => None,
    });
    let status =
        untruth.unwrap_or_else(|| result.as_ref().map_or_else(|error| error.code, |_| 200));
    let effect = Effect { status, committed: result.is_ok() };
    record(inner, &request, result.as_ref(), effect).await;
    match untruth {
        Some(0) => cut(),
        Some(status) => respond(Err(&ApiError::new(status, "Internal Server Error"))),
        None => respond(result.as_ref()),
    }
}

async fn run(inner: &Arc<Inner>, request: &Request) -> Result<Value, ApiError> {
    if request.method == "getUpdates" {
        return polling::get_updates(inner, &request.token, &request.params).await;
    }
    let mut state = inner.state.lock().await;
    let moment = Moment {
        unix_seconds: unix_seconds(),
        order: state.take_order(),
        since_start: inner.since_start(),
    };
    let bot =
        state.bots.get_mut(&request.token).ok_or_else(|| ApiError::new(401, "Unauthorized"))?;
    let result = execute(bot, &request.method, &request.params, moment);
    drop(state);
    if request.method == "setWebhook" && result.is_ok() {
        webhook::deliver_pending(inner, &request.token).await;
    }
    result
}

/// What a call did and what its caller was told.
struct Effect {
    status: u16,
    committed: bool,
}

impl Effect {
    const fn none(status: u16) -> Self {
        Self { status, committed: false }
    }
}

async fn record(
    inner: &Inner,
    request: &Request,
    result: Result<&Value, &ApiError>,
    effect: Effect,
) {
    let mut state = inner.state.lock().await;
    let order = state.take_order();
    let bot = state.bots.get(&request.token).map_or_else(String::new, |bot| bot.username.clone());
    state.calls.push(Call {
        order,
        at: inner.since_start(),
        bot,
        method: request.method.clone(),
        params: request.params.as_json(),
        status: effect.status,
        committed: effect.committed,
        result: result.cloned().unwrap_or(Value::Null),
        description: result.err().map(|error| error.description.clone()),
    });
    drop(state);
    inner.changed();
}

pub(super) fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
}

fn respond(result: Result<&Value, &ApiError>) -> Response<Body> {
    let (status, body) = match result {
        Ok(value) => (200, json!({ "ok": true, "result": value })),
        Err(error) => (error.code, error.body()),
    };
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
}

/// An answer that breaks off: the connection is closed before the announced bytes came.
fn cut() -> Response<Body> {
    let broken = futures::stream::once(async {
        Err::<Bytes, _>(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
    });
    Response::new(Body::from_stream(broken))
}
