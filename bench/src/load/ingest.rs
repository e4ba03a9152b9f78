//! Deliveries, one after the other on each connection.

use super::connection::Connection;
use crate::outside::ignored_update;
use crate::statistics::{Sample, millis, real};
use anyhow::bail;
use futures::future::try_join_all;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// Where deliveries go.
#[derive(Debug, Clone)]
pub struct Hook {
    /// The listener's base URL.
    pub base: String,
    /// The hook's path.
    pub path: String,
    /// Header lines that every delivery carries.
    pub headers: String,
    /// Numbers the updates; no two deliveries of a run are the same.
    pub updates: Arc<AtomicU64>,
}

impl Hook {
    /// The next update's number.
    pub fn next_update(&self) -> u64 {
        self.updates.fetch_add(1, Ordering::Relaxed)
    }
}

/// What came of deliveries.
#[derive(Debug)]
pub struct Acks {
    /// Acknowledged, per second.
    pub per_second: f64,
    /// Answered with something else than 200.
    pub refused: u64,
    /// Milliseconds from when a delivery was due to its acknowledgement.
    pub latency_ms: Sample,
}

/// As many as the other side takes.
pub async fn at_full_speed(
    hook: &Hook,
    connections: usize,
    window: Duration,
) -> anyhow::Result<Acks> {
    let end = Instant::now() + window;
    let clients = (0..connections).map(|_| {
        let hook = hook.clone();
        tokio::spawn(async move {
            let mut client = Client::open(&hook).await?;
            while Instant::now() < end {
                client.deliver(&hook, Instant::now()).await?;
            }
            Ok::<_, anyhow::Error>(client)
        })
    });
    summary(try_join_all(clients).await?, window)
}

/// So many per second, evenly, whatever the other side does: a late answer delays nothing but is
/// counted from when its delivery was due.
pub async fn at_even_pace(
    hook: &Hook,
    connections: usize,
    per_second: f64,
    window: Duration,
) -> anyhow::Result<Acks> {
    if per_second.is_nan() || per_second <= 0.0 {
        bail!("no pace to keep: {per_second} per second");
    }
    let gap = Duration::from_secs_f64(1.0 / per_second);
    let lap = gap.saturating_mul(u32::try_from(connections)?);
    let began = Instant::now();
    let clients = (0..u32::try_from(connections)?).map(|number| {
        let hook = hook.clone();
        tokio::spawn(async move {
            let mut client = Client::open(&hook).await?;
            let mut due = began + gap.saturating_mul(number);
            while due < began + window {
                tokio::time::sleep_until(due).await;
                client.deliver(&hook, due).await?;
                due += lap;
            }
            Ok::<_, anyhow::Error>(client)
        })
    });
    summary(try_join_all(clients).await?, window)
}

struct Client {
    connection: Connection,
    latency_ms: Vec<f64>,
    refused: u64,
}

impl Client {
    async fn open(hook: &Hook) -> anyhow::Result<Self> {
        let connection = Connection::to(&hook.base).await?;
        Ok(Self { connection, latency_ms: Vec::new(), refused: 0 })
    }

    async fn deliver(&mut self, hook: &Hook, due: Instant) -> anyhow::Result<()> {
        let update = ignored_update(hook.next_update());
        let response = self.connection.post(&hook.path, &hook.headers, &update).await?;
        if response.status == 200 {
            self.latency_ms.push(millis(due.elapsed()));
        } else {
            self.refused += 1;
        }
        Ok(())
    }
}

fn summary(clients: Vec<anyhow::Result<Client>>, window: Duration) -> anyhow::Result<Acks> {
    let clients = clients.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
    let refused = clients.iter().map(|client| client.refused).sum();
    let latency_ms = Sample::of(clients.into_iter().flat_map(|client| client.latency_ms));
    let count = real(u64::try_from(latency_ms.len())?);
    if latency_ms.is_empty() {
        bail!("nothing was acknowledged ({refused} deliveries were refused)");
    }
    Ok(Acks { per_second: count / window.as_secs_f64(), refused, latency_ms })
}
