//! Writes that wait for the store: an unavailable store slows the tenant down and loses nothing.

use crate::shared::{Shared, jittered_backoff};
use rookery_domain::ports::StoreError;
use std::future::Future;

/// Tries a write until it is answered or the time cap of a turn is over. Only an unavailable store
/// is waited for; every other answer is final. Every write carries its own ids, so a repeat of one
/// that did happen changes nothing.
pub(crate) async fn patiently<T, Attempt, Write>(
    shared: &Shared,
    attempt: Attempt,
) -> Result<T, StoreError>
where
    Attempt: FnMut() -> Write + Send,
    Write: Future<Output = Result<T, StoreError>> + Send,
{
    patiently_alive(shared, || {}, attempt).await
}

/// As [`patiently`]; says with every try that it is alive.
pub(crate) async fn patiently_alive<T, Attempt, Write>(
    shared: &Shared,
    alive: impl Fn() + Send + Sync,
    mut attempt: Attempt,
) -> Result<T, StoreError>
where
    Attempt: FnMut() -> Write + Send,
    Write: Future<Output = Result<T, StoreError>> + Send,
{
    let settings = &shared.settings;
    let deadline = tokio::time::Instant::now() + settings.task_time_cap;
    let mut failures = 0_u32;
    loop {
        alive();
        let error = match attempt().await {
            Err(error @ (StoreError::Unavailable(_) | StoreError::Full)) => error,
            answered => return answered,
        };
        let wait = jittered_backoff(
            shared.services.ids.as_ref(),
            failures,
            settings.store_backoff,
            settings.store_backoff_max,
        );
        if tokio::time::Instant::now() + wait >= deadline {
            return Err(error);
        }
        if failures == 0 {
            tracing::warn!(error = %error, "waiting for the store");
        }
        failures = failures.saturating_add(1);
        tokio::time::sleep(wait).await;
    }
}
