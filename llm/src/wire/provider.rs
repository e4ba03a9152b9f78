//! One provider that speaks HTTP.

use super::dialect::Dialect;
use super::event::{Answer, translate};
use super::failure::classify;
use super::request::request;
use crate::error::LlmError;
use crate::provider::{Attempt, Provider, ProviderStream, estimate_input};
use crate::settings::{ProviderLimits, ProviderSettings};
use crate::vendor::Parts;
use async_trait::async_trait;
use genai::chat::{ChatOptions, ReasoningEffort};
use genai::resolver::{AuthData, Endpoint};
use genai::{Client, Headers, ModelIden, ServiceTarget};
use reqwest::Url;
use rookery_domain::ports::ModelError;
use rookery_domain::{Clock, Secret};
use serde_json::json;
use std::sync::Arc;

/// A provider behind one URL. The client is made once and shared by all calls.
#[derive(Debug)]
pub(crate) struct WireProvider {
    dialect: &'static Dialect,
    client: Client,
    url: Url,
    endpoint: Endpoint,
    key: Secret,
    limits: ProviderLimits,
    clock: Arc<dyn Clock>,
}

impl WireProvider {
    /// `url` is the one that is called.
    pub(crate) fn open(
        settings: &ProviderSettings,
        dialect: &'static Dialect,
        url: Url,
        parts: &Parts,
    ) -> Result<Self, LlmError> {
        let client =
            Client::builder().with_reqwest(parts.client.clone()).build().map_err(|source| {
                LlmError::Client { provider: settings.name.clone(), source: Box::new(source) }
            })?;
        Ok(Self {
            dialect,
            client,
            endpoint: Endpoint::from_owned(url.as_str()),
            url,
            key: settings.api_key.clone(),
            limits: settings.limits,
            clock: Arc::clone(&parts.clock),
        })
    }

    /// Address and headers are ours: the library would rebuild the one and cannot leave out the
    /// other for servers without keys.
    fn target(&self, attempt: &Attempt<'_>) -> ServiceTarget {
        let key = attempt.tenant_key.unwrap_or(&self.key);
        let headers = (self.dialect.headers)(key.expose().trim());
        ServiceTarget {
            endpoint: self.endpoint.clone(),
            auth: AuthData::RequestOverride {
                url: self.url.as_str().to_owned(),
                headers: Headers::from(headers),
            },
            model: ModelIden::new(self.dialect.adapter, attempt.model.model.as_str()),
        }
    }

    fn options(&self, attempt: &Attempt<'_>) -> ChatOptions {
        let model = attempt.model.model.as_str();
        let mut options = ChatOptions::default()
            .with_max_tokens(attempt.call.output_tokens_max.max(1))
            .with_capture_usage(true)
            .with_capture_tool_calls(true)
            .with_stream_header_timeout(self.limits.first_byte_max)
            .with_stream_read_timeout(self.limits.idle_max);
        // The model's name is sent as it stands, whatever the library would read into it.
        if ReasoningEffort::from_model_name(model).0.is_some() {
            options = options.with_reasoning_effort(self.dialect.no_effort.clone());
        }
        if model.contains("::") {
            options = options.with_extra_body(json!({ "model": model }));
        }
        options
    }
}

#[async_trait]
impl Provider for WireProvider {
    async fn start(&self, attempt: Attempt<'_>) -> Result<ProviderStream, ModelError> {
        let response = self
            .client
            .exec_chat_stream(
                self.target(&attempt),
                request(attempt.call),
                Some(&self.options(&attempt)),
            )
            .await
            .map_err(|error| {
                classify(&error, self.dialect, self.clock.now()).of_model(attempt.model)
            })?;
        Ok(translate(
            response.stream,
            Answer {
                model: attempt.model.clone(),
                dialect: self.dialect,
                clock: Arc::clone(&self.clock),
                input_estimate: estimate_input(attempt.call),
            },
        ))
    }
}
