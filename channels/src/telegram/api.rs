//! One call to the Bot API, with an answer that says what is known about its outcome.
//!
//! The library spells the methods; the transport is ours because the library's sleeps ten seconds
//! on every 5xx, reads bodies without a bound, calls a sent message failed when the answer has a
//! field of a newer version, and prints the token in its errors.

use super::failure::{Failure, Refusal};
use reqwest012::{Client, Response, StatusCode};
use rookery_domain::Secret;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::fmt;
use std::time::Duration;
use teloxide_core::requests::Payload;
use url::Url;

/// Longest answer that is read: a full batch of updates is far below it.
const ANSWER_BYTES_MAX: usize = 16 * 1_024 * 1_024;
/// The wait after a 429 that names none.
const RETRY_AFTER_UNNAMED: Duration = Duration::from_secs(5);

/// The Bot API for one bot.
pub(super) struct BotApi {
    client: Client,
    base: Url,
    token: Secret,
}

impl fmt::Debug for BotApi {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("BotApi").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Answer {
    ok: bool,
    result: Option<Box<RawValue>>,
    error_code: Option<u16>,
    description: Option<String>,
    parameters: Option<Parameters>,
}

#[derive(Deserialize, Default)]
struct Parameters {
    retry_after: Option<u64>,
    migrate_to_chat_id: Option<i64>,
}

impl BotApi {
    pub(super) const fn new(client: Client, base: Url, token: Secret) -> Self {
        Self { client, base, token }
    }

    /// Makes a call and returns the text of its result.
    pub(super) async fn call<P>(
        &self,
        payload: &P,
        timeout: Duration,
    ) -> Result<Box<RawValue>, Failure>
    where
        P: Payload + Serialize + Sync,
    {
        let body = serde_json::to_vec(payload)
            .map_err(|error| Failure::NotSent(format!("the call cannot be written: {error}")))?;
        let response = self
            .client
            .post(self.method_url(P::NAME)?)
            .timeout(timeout)
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await
            .map_err(|error| self.transport_failure(error))?;
        let status = response.status();
        let retry_after = retry_after_header(&response);
        let text = self.read(response).await?;
        interpret(status, &text, retry_after)
    }

    /// `https://…/bot<token>/sendMessage`: the names as the platform documents them.
    fn method_url(&self, name: &str) -> Result<Url, Failure> {
        let mut url = self.base.clone();
        let mut characters = name.chars();
        let method: String = characters
            .next()
            .map(|first| first.to_ascii_lowercase())
            .into_iter()
            .chain(characters)
            .collect();
        url.path_segments_mut()
            .map_err(|()| Failure::NotSent("the base URL cannot be one".to_owned()))?
            .pop_if_empty()
            .push(&format!("bot{}", self.token.expose()))
            .push(&method);
        Ok(url)
    }

    async fn read(&self, mut response: Response) -> Result<Vec<u8>, Failure> {
        let mut body = Vec::new();
        while let Some(chunk) =
            response.chunk().await.map_err(|error| Failure::Lost(self.describe(error)))?
        {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(Failure::Lost("the answer is too long".to_owned()));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn transport_failure(&self, error: reqwest012::Error) -> Failure {
        // Without a connection nothing was written; anything later may have arrived.
        if error.is_connect() || error.is_builder() {
            Failure::NotSent(self.describe(error))
        } else {
            Failure::Lost(self.describe(error))
        }
    }

    /// The error with its causes and without the URL, which holds the token.
    fn describe(&self, error: reqwest012::Error) -> String {
        let error = error.without_url();
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(inner) = cause {
            text.push_str(": ");
            text.push_str(&inner.to_string());
            cause = inner.source();
        }
        text.replace(self.token.expose(), "[secret]")
    }
}

fn interpret(
    status: StatusCode,
    body: &[u8],
    retry_after: Option<Duration>,
) -> Result<Box<RawValue>, Failure> {
    if status.is_server_error() {
        return Err(Failure::Lost(format!("HTTP {}", status.as_u16())));
    }
    let Ok(answer) = serde_json::from_slice::<Answer>(body) else {
        return Err(without_answer(status, retry_after));
    };
    match answer {
        Answer { ok: true, result: Some(result), .. } => Ok(result),
        Answer { ok: true, .. } => Err(Failure::Lost("an answer without a result".to_owned())),
        refused => Err(refusal(refused, status, retry_after)),
    }
}

/// Something between us and the platform answered.
fn without_answer(status: StatusCode, retry_after: Option<Duration>) -> Failure {
    let code = status.as_u16();
    match code {
        413 | 429 => Failure::Refused(Refusal {
            code,
            description: format!("HTTP {code}"),
            retry_after: (code == 429).then(|| retry_after.unwrap_or(RETRY_AFTER_UNNAMED)),
            moved_to: None,
        }),
        400..=499 => Failure::NotSent(format!("HTTP {code} from something that is no Bot API")),
        _ => Failure::Lost(format!("HTTP {code} and an answer that cannot be read")),
    }
}

fn refusal(answer: Answer, status: StatusCode, retry_after: Option<Duration>) -> Failure {
    let code = answer.error_code.unwrap_or_else(|| status.as_u16());
    if code >= 500 {
        return Failure::Lost(format!("error {code}"));
    }
    let parameters = answer.parameters.unwrap_or_default();
    let named = parameters.retry_after.map(Duration::from_secs).or(retry_after);
    Failure::Refused(Refusal {
        code,
        description: answer.description.unwrap_or_default(),
        retry_after: (code == 429).then(|| named.unwrap_or(RETRY_AFTER_UNNAMED)),
        moved_to: parameters.migrate_to_chat_id,
    })
}

fn retry_after_header(response: &Response) -> Option<Duration> {
    let value = response.headers().get("retry-after")?.to_str().ok()?;
    value.parse().ok().map(Duration::from_secs)
}
