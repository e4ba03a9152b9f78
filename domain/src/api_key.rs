//! API keys: the text is shown once, the digest is stored.

use crate::id::{ApiKeyId, TenantId};
use crate::time::Timestamp;

/// What a key may do.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Talk to agents.
    Chat,
    /// Read sessions, messages, usage.
    Read,
    /// Everything within the tenant.
    Admin,
}

impl Scope {
    /// As it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Read => "read",
            Self::Admin => "admin",
        }
    }

    /// From its stored form.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Chat, Self::Read, Self::Admin].into_iter().find(|scope| scope.as_str() == text)
    }
}

/// A key's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Whose it is.
    pub tenant_id: TenantId,
    /// Its id.
    pub id: ApiKeyId,
    /// Unique within the tenant.
    pub slug: String,
    /// The first characters of its text, for people.
    pub prefix: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// Not after this time.
    pub expires_at: Option<Timestamp>,
    /// Set when it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// Usable once only (the sign-in link of an embedded install).
    pub one_time: bool,
}

impl ApiKey {
    /// Whether the key is good for a scope. `admin` covers all.
    pub fn allows(&self, scope: Scope) -> bool {
        self.scopes.contains(&Scope::Admin) || self.scopes.contains(&scope)
    }
}
