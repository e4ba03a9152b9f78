//! The whole HTTP surface over the fakes.

use super::backend::Backend;
use super::configuration::Configuration;
use crate::router::router;
use crate::settings::WebSettings;
use crate::state::{AppState, WebPorts};
use axum::Router;
use axum::body::{Body, to_bytes};
use http::{HeaderMap, Request, StatusCode, header};
use rookery_domain::id::InboxId;
use rookery_domain::testing::{ManualClock, SequentialIds};
use rookery_domain::{Secret, Timestamp};
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower::ServiceExt;

/// Everything a test holds on to.
pub(crate) struct World {
    pub(crate) backend: Arc<Backend>,
    pub(crate) configuration: Arc<Configuration>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) draining: watch::Sender<bool>,
    pub(crate) state: AppState,
}

/// A response that was read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The `code` of a problem document.
    pub(crate) fn code(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        self.json()["code"].as_str().unwrap().to_owned()
    }

    /// The events of a stream, as (id, event, data).
    pub(crate) fn events(&self) -> Vec<(i64, String, Value)> {
        self.text
            .split("\n\n")
            .filter(|block| block.contains("data:"))
            .map(|block| {
                let field = |name: &str| {
                    block
                        .lines()
                        .find_map(|line| line.strip_prefix(name))
                        .map(|value| value.trim().to_owned())
                        .unwrap_or_default()
                };
                let data = field("data:");
                let data = serde_json::from_str(&data).unwrap_or(Value::String(data));
                (field("id:").parse().unwrap_or(0), field("event:"), data)
            })
            .collect()
    }

    pub(crate) fn event_names(&self) -> Vec<String> {
        self.events().into_iter().map(|(_, name, _)| name).collect()
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    /// With other limits.
    pub(crate) fn with(adjust: impl FnOnce(&mut WebSettings)) -> Self {
        let backend = Arc::new(Backend::new());
        let configuration = Arc::new(Configuration::new());
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_700_000_000_000)));
        let mut settings = WebSettings::new(
            "https://bots.example.com".parse().unwrap(),
            Secret::new("a key of this process, at least 32 bytes"),
        );
        adjust(&mut settings);
        let ports = WebPorts {
            ingestion: backend.clone(),
            live: backend.clone(),
            directory: configuration.clone(),
            api_keys: configuration.clone(),
            control: configuration.clone(),
            inbox: backend.clone(),
            outbox: backend.clone(),
            turns: backend.clone(),
            clock: clock.clone(),
            ids: Arc::new(SequentialIds::default()),
        };
        let draining = watch::Sender::new(false);
        let state = AppState::new(ports, settings, draining.subscribe());
        Self { backend, configuration, clock, draining, state }
    }

    pub(crate) fn router(&self) -> Router {
        router(self.state.clone())
    }

    pub(crate) async fn call(&self, request: Request<Body>) -> Answer {
        let response = self.router().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    pub(crate) async fn get(&self, path: &str, key: &str) -> Answer {
        self.call(Self::request("GET", path, key).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, key: &str, body: Value) -> Answer {
        let request = Self::request("POST", path, key)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()));
        self.call(request.unwrap()).await
    }

    pub(crate) fn request(method: &str, path: &str, key: &str) -> http::request::Builder {
        let request = Request::builder().method(method).uri(path);
        if key.is_empty() {
            request
        } else {
            request.header(header::AUTHORIZATION, format!("Bearer {key}"))
        }
    }

    /// Says something over the API and returns the run.
    pub(crate) async fn say(&self, text: &str, session: Option<&str>) -> InboxId {
        let body = match session {
            Some(session) => serde_json::json!({"text": text, "session": session}),
            None => serde_json::json!({"text": text}),
        };
        let answer = self.post("/api/v1/agents/helper/messages", super::CHAT_KEY, body).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text);
        answer.json()["run_id"].as_str().unwrap().parse().unwrap()
    }

    /// Listens on loopback.
    #[expect(clippy::disallowed_methods, reason = "a test's server ends with its runtime")]
    pub(crate) async fn listen(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = self.router().into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        address
    }
}

/// Nothing that is waited for in a test takes this long.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("it took too long")
}
