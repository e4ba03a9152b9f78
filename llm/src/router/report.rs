//! What an operator sees of calls: counters by provider, log lines by call. Never a body.

use rookery_domain::model::{ModelRef, Usage};
use rookery_domain::ports::{ModelCall, ModelError};
use std::sync::Arc;
use std::time::Duration;

/// A call was sent.
pub(super) fn started(provider: &Arc<str>) {
    metrics::counter!("rookery_model_calls_total", "provider" => Arc::clone(provider)).increment(1);
}

/// A call found no free slot at a provider.
pub(super) fn saturated(provider: &Arc<str>) {
    metrics::counter!("rookery_model_saturated_total", "provider" => Arc::clone(provider))
        .increment(1);
    tracing::info!(gen_ai.provider.name = %provider, "no free slot at the provider");
}

/// A call was answered to the end.
pub(super) fn answered(
    provider: &Arc<str>,
    model: &ModelRef,
    call: &ModelCall,
    usage: Usage,
    took: Duration,
) {
    let counter = |name: &'static str, value: u64| {
        metrics::counter!(name, "provider" => Arc::clone(provider)).increment(value);
    };
    counter("rookery_model_input_tokens_total", usage.input_tokens);
    counter("rookery_model_output_tokens_total", usage.output_tokens);
    tracing::debug!(
        tenant.id = %call.tenant_id,
        gen_ai.operation.name = "chat",
        gen_ai.provider.name = %provider,
        gen_ai.request.model = %model.model,
        gen_ai.usage.input_tokens = usage.input_tokens,
        gen_ai.usage.output_tokens = usage.output_tokens,
        duration_ms = millis(took),
        "model answered"
    );
}

/// A call failed, and the router goes on. The last failure of a call is the caller's to log.
pub(super) fn failed(provider: &Arc<str>, model: &ModelRef, call: &ModelCall, error: &ModelError) {
    metrics::counter!("rookery_model_failures_total", "provider" => Arc::clone(provider))
        .increment(1);
    tracing::info!(
        tenant.id = %call.tenant_id,
        gen_ai.operation.name = "chat",
        gen_ai.provider.name = %provider,
        gen_ai.request.model = %model.model,
        error.r#type = %error.kind,
        http.response.status_code = error.status,
        retry_after_ms = error.retry_after.map(millis),
        "model failed"
    );
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
