//! What could not be processed, and what could not be sent: seen by an operator, and tried again.

use crate::control::Control;
use crate::error::ControlError;
use rookery_domain::id::{ConnectionId, InboxId, OutboxId, TenantId};
use rookery_domain::inbox::InboxRow;
use rookery_domain::outbox::OutboxRow;
use std::fmt;
use std::str::FromStr;

/// Greatest number of dead letters in one listing.
pub const LISTED_MAX: u32 = 1_000;
/// Tenants that are looked through at a time.
const TENANTS_PAGE: u32 = 500;

/// Which way a dead letter was going.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From a person: it could not be processed.
    Inbound,
    /// To a person: it was given up.
    Outbound,
}

/// A dead letter's row: `run_…` is inbound, `out_…` is outbound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DeadLetterId {
    /// An inbound row.
    Inbound(InboxId),
    /// An outbound row.
    Outbound(OutboxId),
}

/// A text that is no dead letter's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a dead letter's id: expected `{}_` or `{}_` and 26 base-32 characters",
    InboxId::PREFIX,
    OutboxId::PREFIX
)]
pub struct DeadLetterIdError;

impl FromStr for DeadLetterId {
    type Err = DeadLetterIdError;

    fn from_str(text: &str) -> Result<Self, DeadLetterIdError> {
        text.parse()
            .map(Self::Inbound)
            .or_else(|_not_inbound| text.parse().map(Self::Outbound))
            .map_err(|_unreadable| DeadLetterIdError)
    }
}

impl TryFrom<String> for DeadLetterId {
    type Error = DeadLetterIdError;

    fn try_from(text: String) -> Result<Self, DeadLetterIdError> {
        text.parse()
    }
}

impl fmt::Display for DeadLetterId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inbound(id) => id.fmt(formatter),
            Self::Outbound(id) => id.fmt(formatter),
        }
    }
}

impl From<DeadLetterId> for String {
    fn from(id: DeadLetterId) -> Self {
        id.to_string()
    }
}

impl DeadLetterId {
    /// Both kinds of id begin with the time at which they were made.
    const fn age(self) -> u128 {
        match self {
            Self::Inbound(id) => id.as_uuid().as_u128(),
            Self::Outbound(id) => id.as_uuid().as_u128(),
        }
    }
}

/// A dead letter, without what was said in it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DeadLetter {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Which way it was going.
    pub direction: Direction,
    /// The row.
    pub id: DeadLetterId,
    /// Through which connection.
    pub connection_id: ConnectionId,
    /// On which platform it came. Inbound only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// The inbound row that it answers. Outbound only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<InboxId>,
    /// When it arrived, or was committed, RFC 3339.
    pub created_at: String,
    /// How often a turn over it crashed, or its sending was begun.
    pub attempts: u32,
    /// Why it is dead.
    pub error: Option<String>,
    /// Size of the stored payload, or of the reply's text, in bytes.
    pub size_bytes: usize,
}

/// A dead letter that waits to be processed or sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Replayed {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// The row.
    pub id: DeadLetterId,
}

impl Control {
    /// Dead letters of both directions, newest first within each tenant, of one tenant (by slug) or
    /// of all; at most `limit` and never more than [`LISTED_MAX`].
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
            found.extend(self.dead_letters_of(tenant, left).await?);
        }
        Ok(found)
    }

    async fn dead_letters_of(
        &self,
        tenant: TenantId,
        limit: u32,
    ) -> Result<Vec<DeadLetter>, ControlError> {
        let inbound = self.ports.inbox.dead_letters(tenant, None, limit).await?;
        let outbound = self.ports.outbox.dead_letters(tenant, None, limit).await?;
        let mut letters: Vec<DeadLetter> =
            inbound.into_iter().map(received).chain(outbound.into_iter().map(given_up)).collect();
        letters.sort_by_key(|letter| std::cmp::Reverse(letter.id.age()));
        letters.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(letters)
    }

    /// Has a dead letter processed or sent again, once. `None` if there is no such dead letter.
    ///
    /// A reply is sent as it was committed, after those of its session that were sent meanwhile.
    pub async fn replay(
        &self,
        tenant: Option<&str>,
        id: DeadLetterId,
    ) -> Result<Option<Replayed>, ControlError> {
        let mut search = Tenants::of(self, tenant).await?;
        while let Some(tenant_id) = search.next(self).await? {
            let revived = match id {
                DeadLetterId::Inbound(id) => self.ports.inbox.replay(tenant_id, id).await?,
                DeadLetterId::Outbound(id) => self.ports.outbox.replay(tenant_id, id).await?,
            };
            if revived {
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

fn received(row: InboxRow) -> DeadLetter {
    DeadLetter {
        tenant_id: row.inbound.tenant_id,
        direction: Direction::Inbound,
        id: DeadLetterId::Inbound(row.inbound.id),
        connection_id: row.inbound.connection_id,
        channel: Some(row.inbound.channel.to_string()),
        answers: None,
        created_at: row.inbound.received_at.to_rfc3339(),
        attempts: row.attempts,
        error: row.error,
        size_bytes: row.inbound.raw.len(),
    }
}

fn given_up(row: OutboxRow) -> DeadLetter {
    DeadLetter {
        tenant_id: row.tenant_id,
        direction: Direction::Outbound,
        id: DeadLetterId::Outbound(row.id),
        connection_id: row.connection_id,
        channel: None,
        answers: row.inbox_id,
        created_at: row.created_at.to_rfc3339(),
        attempts: row.attempts,
        error: row.error,
        size_bytes: row.content.reply.text.len(),
    }
}
