//! Inbound rows that could not be processed: seen by an operator, and tried again.

use crate::control::Control;
use crate::error::ControlError;
use rookery_domain::id::{ConnectionId, InboxId, TenantId};
use rookery_domain::inbox::InboxRow;

/// Greatest number of dead letters in one listing.
pub const LISTED_MAX: u32 = 1_000;
/// Tenants that are looked through at a time.
const TENANTS_PAGE: u32 = 500;

/// A dead letter, without what was said in it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DeadLetter {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// The row.
    pub id: InboxId,
    /// Through which connection it came.
    pub connection_id: ConnectionId,
    /// On which platform.
    pub channel: String,
    /// When it arrived, RFC 3339.
    pub received_at: String,
    /// How often a turn over it crashed.
    pub attempts: u32,
    /// Why it is dead.
    pub error: Option<String>,
    /// Size of the stored payload, in bytes.
    pub size_bytes: usize,
}

/// A dead letter that waits to be processed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Replayed {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// The row.
    pub id: InboxId,
}

impl Control {
    /// Dead letters, newest first within each tenant, of one tenant (by slug) or of all; at most
    /// `limit` and never more than [`LISTED_MAX`].
    pub async fn dead_letters(
        &self,
        tenant: Option<&str>,
        limit: u32,
    ) -> Result<Vec<DeadLetter>, ControlError> {
        let limit = limit.min(LISTED_MAX);
        let mut found = Vec::new();
        let mut search = Tenants::of(self, tenant).await?;
        while let Some(tenant) = search.next(self).await? {
            let left = limit.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
            if left == 0 {
                break;
            }
            let rows = self.ports.inbox.dead_letters(tenant, None, left).await?;
            found.extend(rows.into_iter().map(shown));
        }
        Ok(found)
    }

    /// Has a dead letter processed again, once. `None` if there is no such dead letter.
    pub async fn replay(
        &self,
        tenant: Option<&str>,
        id: InboxId,
    ) -> Result<Option<Replayed>, ControlError> {
        let mut search = Tenants::of(self, tenant).await?;
        while let Some(tenant_id) = search.next(self).await? {
            if self.ports.inbox.replay(tenant_id, id).await? {
                return Ok(Some(Replayed { tenant_id, id }));
            }
        }
        Ok(None)
    }
}

/// One tenant, or page after page of all.
struct Tenants {
    page: std::vec::IntoIter<TenantId>,
    last: Option<TenantId>,
    more: bool,
}

impl Tenants {
    async fn of(control: &Control, slug: Option<&str>) -> Result<Self, ControlError> {
        let named = match slug {
            Some(slug) => vec![control.tenant(slug).await?.tenant.id],
            None => Vec::new(),
        };
        Ok(Self { page: named.into_iter(), last: None, more: slug.is_none() })
    }

    async fn next(&mut self, control: &Control) -> Result<Option<TenantId>, ControlError> {
        if self.page.len() == 0 && self.more {
            let page = control.ports.store.tenants(self.last, TENANTS_PAGE).await?;
            self.more = !page.is_empty();
            self.page = page.into_iter();
        }
        let next = self.page.next();
        self.last = next.or(self.last);
        Ok(next)
    }
}

fn shown(row: InboxRow) -> DeadLetter {
    DeadLetter {
        tenant_id: row.inbound.tenant_id,
        id: row.inbound.id,
        connection_id: row.inbound.connection_id,
        channel: row.inbound.channel.to_string(),
        received_at: row.inbound.received_at.to_rfc3339(),
        attempts: row.attempts,
        error: row.error,
        size_bytes: row.inbound.raw.len(),
    }
}
