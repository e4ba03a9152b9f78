//! What the fake records, and how it refuses.

use serde_json::{Value, json};
use std::time::Duration;

/// One call of a Bot API method.
#[derive(Debug, Clone)]
pub struct Call {
    /// Rises with every recorded event of the server.
    pub order: u64,
    /// Since the server started.
    pub at: Duration,
    /// The bot's user name.
    pub bot: String,
    /// The method as the vendor spells it.
    pub method: String,
    /// The parameters, whatever form they came in.
    pub params: Value,
    /// The answer's status; 0 where the connection was cut.
    pub status: u16,
    /// Whether it had its effect, whatever the caller was told.
    pub committed: bool,
    /// The result, when there is one.
    pub result: Value,
    /// The refusal, when there is one.
    pub description: Option<String>,
}

/// One attempt to deliver an update to a webhook.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Rises with every recorded event of the server.
    pub order: u64,
    /// Since the server started.
    pub at: Duration,
    /// How long the answer took.
    pub took: Duration,
    /// The bot's user name.
    pub bot: String,
    /// Which update.
    pub update_id: i64,
    /// The answer's status; `None` where there was no answer.
    pub status: Option<u16>,
    /// The `Retry-After` header, in seconds.
    pub retry_after: Option<u64>,
    /// The size of the answer's body, in bytes.
    pub body_bytes: usize,
}

impl Delivery {
    /// Whether the webhook took the update.
    pub fn acknowledged(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// A refusal in the vendor's shape.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiError {
    /// `error_code`, which is also the HTTP status.
    pub code: u16,
    /// `description`.
    pub description: String,
    /// `parameters`, or null.
    pub parameters: Value,
}

impl ApiError {
    pub(super) fn bad_request(reason: impl AsRef<str>) -> Self {
        Self::new(400, format!("Bad Request: {}", reason.as_ref()))
    }

    pub(super) fn new(code: u16, description: impl Into<String>) -> Self {
        Self { code, description: description.into(), parameters: Value::Null }
    }

    pub(super) fn too_many_requests(seconds: u64) -> Self {
        Self {
            code: 429,
            description: format!("Too Many Requests: retry after {seconds}"),
            parameters: json!({ "retry_after": seconds }),
        }
    }

    pub(super) fn body(&self) -> Value {
        let mut body = json!({
            "ok": false,
            "error_code": self.code,
            "description": self.description,
        });
        if let (false, Some(object)) = (self.parameters.is_null(), body.as_object_mut()) {
            object.insert("parameters".to_owned(), self.parameters.clone());
        }
        body
    }
}
