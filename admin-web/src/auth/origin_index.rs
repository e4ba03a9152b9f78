//! Which foreign origins any agent of any tenant allows.
//!
//! A socket names its tenant only in its first frame, after the upgrade. Most foreign origins are
//! nobody's and can be refused before it, with a status that a browser shows.

use super::origin::allowed_origins;
use crate::frame::Problem;
use crate::state::AppState;
use std::collections::HashSet;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How old the index may be when an origin is not in it.
const REFRESH_AFTER: Duration = Duration::from_secs(10);

/// Tenants whose connections are looked through; with more, unknown origins are let through to
/// the check behind the first frame.
const TENANTS_MAX: usize = 500;

const TENANTS_PER_PAGE: u32 = 100;

/// The index.
#[derive(Debug, Default)]
pub(crate) struct OriginIndex(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    read_at: Option<Instant>,
    origins: HashSet<String>,
    partial: bool,
}

impl OriginIndex {
    /// Whether some agent may allow an origin. `false` is certain, to within the age of the index.
    pub(crate) async fn may_be_allowed(
        &self,
        state: &AppState,
        origin: &str,
    ) -> Result<bool, Problem> {
        let mut known = self.0.lock().await;
        if known.origins.contains(origin) {
            return Ok(true);
        }
        if known.read_at.is_none_or(|at| at.elapsed() >= REFRESH_AFTER) {
            *known = read(state).await?;
        }
        Ok(known.partial || known.origins.contains(origin))
    }
}

async fn read(state: &AppState) -> Result<Known, Problem> {
    let mut origins = HashSet::new();
    let mut last = None;
    let mut seen = 0;
    let partial = loop {
        let page = state.ports.control.tenants(last, TENANTS_PER_PAGE).await?;
        let Some(newest) = page.last() else { break false };
        last = Some(*newest);
        for tenant in &page {
            let connections = state.ports.directory.connections(*tenant).await?;
            origins.extend(connections.iter().flat_map(allowed_origins));
        }
        seen += page.len();
        if seen >= TENANTS_MAX {
            break true;
        }
    };
    Ok(Known { read_at: Some(Instant::now()), origins, partial })
}
