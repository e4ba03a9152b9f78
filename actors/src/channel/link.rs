//! The inbound side of a connection: registering with the platform, and polling.

use crate::connections::{IDENTITY_HOOK_URL, Opened};
use crate::ingress::Door;
use crate::shared::{Shared, jittered_backoff};
use rookery_domain::ports::{DeliveryError, Polling};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// First and longest wait after a failed registration or poll.
const BACKOFF: Duration = Duration::from_millis(500);
const BACKOFF_MAX: Duration = Duration::from_mins(1);

/// Registers until the platform answers, then polls for as long as the connection does.
pub(crate) async fn run(
    shared: Shared,
    opened: Arc<Opened>,
    door: Door,
    cancel: CancellationToken,
) {
    let work = async {
        // Side by side: a platform that does not take our commands still has messages for us.
        let fetch = async {
            if let Some(polling) = &opened.halves.polling {
                poll(&shared, &opened, &door, polling.as_ref()).await;
            }
        };
        tokio::join!(register(&shared, &opened), fetch);
    };
    tokio::select! {
        () = work => {}
        () = cancel.cancelled() => {}
    }
}

async fn register(shared: &Shared, opened: &Opened) {
    let Some(lifecycle) = &opened.halves.lifecycle else {
        return;
    };
    let mut failures = 0;
    loop {
        match lifecycle.start().await {
            Ok(identity) => return remember(shared, opened, identity).await,
            Err(error) => wait(shared, opened, &error, &mut failures).await,
        }
    }
}

async fn remember(shared: &Shared, opened: &Opened, mut identity: serde_json::Value) {
    if let Some(fields) = identity.as_object_mut() {
        fields.insert(IDENTITY_HOOK_URL.to_owned(), opened.hook_url.clone().into());
    }
    opened.became_registered();
    let connection = &opened.connection;
    let directory = &shared.services.directory;
    let stored = directory.remember_identity(connection.tenant_id, connection.id, identity).await;
    match stored {
        Ok(()) => tracing::info!(
            connection.id = %connection.id,
            channel.kind = %connection.channel,
            "connection is live"
        ),
        Err(error) => tracing::warn!(
            connection.id = %connection.id,
            error = %error,
            "the bot's identity is not stored"
        ),
    }
}

async fn poll(shared: &Shared, opened: &Opened, door: &Door, polling: &dyn Polling) {
    let mut cursor = None;
    let mut failures = 0;
    loop {
        match polling.poll(cursor).await {
            Ok((envelopes, next)) => {
                failures = 0;
                match door.take_polled(opened, envelopes).await {
                    // Only now does the next call confirm these to the platform.
                    Ok(()) => cursor = next.or(cursor),
                    Err(error) => {
                        let error = DeliveryError::NotDelivered(error.to_string());
                        wait(shared, opened, &error, &mut failures).await;
                    }
                }
            }
            Err(error) => wait(shared, opened, &error, &mut failures).await,
        }
    }
}

async fn wait(shared: &Shared, opened: &Opened, error: &DeliveryError, failures: &mut u32) {
    let backoff = jittered_backoff(shared.services.ids.as_ref(), *failures, BACKOFF, BACKOFF_MAX);
    let pause = match error {
        DeliveryError::RateLimited(asked) => *asked,
        DeliveryError::Unauthorized => BACKOFF_MAX,
        _ => backoff,
    };
    metrics::counter!("rookery_connection_failures_total").increment(1);
    if failures.is_power_of_two() || *failures == 0 {
        tracing::warn!(
            connection.id = %opened.connection.id,
            channel.kind = %opened.connection.channel,
            error = %error,
            pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
            "connection is degraded"
        );
    }
    *failures = failures.saturating_add(1);
    tokio::time::sleep(pause).await;
}
