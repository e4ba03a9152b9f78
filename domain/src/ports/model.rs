//! The language-model port: one call, one stream of events.

use crate::error::ErrorKind;
use crate::id::TenantId;
use crate::model::{ModelEvent, ModelMessage, ModelRef, ModelRole};
use crate::secret::Secret;
use crate::tool::ToolSpec;
use async_trait::async_trait;
use futures::stream::BoxStream;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// One model call.
#[derive(Debug, Clone)]
pub struct ModelCall {
    /// For whom; circuits and keys are per tenant where the tenant brings its own key.
    pub tenant_id: TenantId,
    /// What for.
    pub role: ModelRole,
    /// Replaces the runtime's route for the role when not empty.
    pub route: Vec<ModelRef>,
    /// The tenant's own keys, by provider name.
    pub keys: Arc<BTreeMap<String, Secret>>,
    /// System prompt.
    pub system: String,
    /// The conversation, oldest first.
    pub messages: Vec<ModelMessage>,
    /// Tools on offer.
    pub tools: Vec<ToolSpec>,
    /// Always sent; a provider's own default is never relied on.
    pub output_tokens_max: u32,
    /// How long the whole call may take.
    pub time_limit: Duration,
}

/// What went wrong with a model call, without the provider's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} from {model}{}", status.map(|code| format!(" (HTTP {code})")).unwrap_or_default())]
pub struct ModelError {
    /// The class.
    pub kind: ModelErrorKind,
    /// `provider/model`, or `none` when no call was made.
    pub model: String,
    /// The HTTP status, if there was one.
    pub status: Option<u16>,
    /// What the provider asked us to wait.
    pub retry_after: Option<Duration>,
}

/// Classes of model failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ModelErrorKind {
    /// 429.
    #[error("rate limited")]
    RateLimited,
    /// 5xx, 529, no connection, or an open circuit.
    #[error("unavailable")]
    Unavailable,
    /// No answer within the limit.
    #[error("timed out")]
    TimedOut,
    /// 401 or 403.
    #[error("the key was refused")]
    Unauthorized,
    /// Too long for the model.
    #[error("context too long")]
    ContextTooLong,
    /// Stopped by a filter.
    #[error("filtered")]
    Filtered,
    /// Any other 4xx: our request is wrong.
    #[error("the request was refused")]
    Refused,
    /// The stream ended without its end.
    #[error("broken off")]
    BrokenOff,
    /// No provider is configured for the role.
    #[error("no model is configured")]
    NoRoute,
}

impl ModelErrorKind {
    /// Whether the next model of the route may be tried.
    pub const fn fails_over(self) -> bool {
        matches!(
            self,
            Self::RateLimited
                | Self::Unavailable
                | Self::TimedOut
                | Self::Unauthorized
                | Self::BrokenOff
        )
    }
}

impl ModelError {
    /// Its kind.
    pub const fn kind(&self) -> ErrorKind {
        match self.kind {
            ModelErrorKind::RateLimited => ErrorKind::RateLimited,
            ModelErrorKind::Unavailable | ModelErrorKind::BrokenOff => ErrorKind::Upstream,
            ModelErrorKind::TimedOut => ErrorKind::Timeout,
            ModelErrorKind::Unauthorized | ModelErrorKind::NoRoute => ErrorKind::Unavailable,
            ModelErrorKind::ContextTooLong => ErrorKind::TooLarge,
            ModelErrorKind::Filtered | ModelErrorKind::Refused => ErrorKind::Invalid,
        }
    }
}

/// Events of one call, ending with `Stop` or with an error.
pub type ModelStream = BoxStream<'static, Result<ModelEvent, ModelError>>;

/// Answers calls, failing over along the route before the first visible token.
#[async_trait]
pub trait LanguageModel: Send + Sync + std::fmt::Debug {
    /// Starts a call.
    async fn stream(&self, call: ModelCall) -> Result<ModelStream, ModelError>;
}
