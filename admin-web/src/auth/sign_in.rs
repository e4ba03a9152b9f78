//! Browser sign-ins: a signed statement that the browser keeps, and the list of those that were
//! signed out before their time.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use rookery_domain::id::TenantId;
use rookery_domain::{Secret, Timestamp};
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::Mutex;
use uuid::Uuid;

/// Sign-outs that are remembered until the sign-in would have ended by itself. Beyond it everybody
/// is signed out, which is the safe way to forget.
const SIGN_OUTS_MAX: usize = 4_096;

const UUID_BYTES: usize = 16;
const STATEMENT_BYTES: usize = 2 * UUID_BYTES + 8;

/// Keeps this use of the key apart from its other ones.
const PURPOSE: &[u8] = b"rookery sign-in 1";

/// A browser that redeemed a one-time link. It may talk to the tenant's agents and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SignIn {
    /// To which tenant.
    pub(crate) tenant: TenantId,
    id: Uuid,
    issued_at: Timestamp,
}

/// Makes and checks the statements.
#[derive(Debug)]
pub(crate) struct SignIns {
    key: hmac::Key,
    lifetime: Duration,
    ended: Mutex<Ended>,
}

#[derive(Debug)]
struct Ended {
    ids: HashMap<Uuid, Timestamp>,
    /// Nothing issued up to here is good any more.
    all_until: Timestamp,
}

impl SignIns {
    pub(crate) fn new(key: &Secret, lifetime: Duration) -> Self {
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, key.expose().as_bytes()),
            lifetime,
            ended: Mutex::new(Ended {
                ids: HashMap::new(),
                all_until: Timestamp::from_millis(i64::MIN),
            }),
        }
    }

    pub(crate) const fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// A new sign-in; always under a fresh id, whatever the browser held before.
    pub(crate) fn issue(&self, tenant: TenantId, id: Uuid, now: Timestamp) -> String {
        let mut bytes = Vec::with_capacity(STATEMENT_BYTES + 32);
        bytes.extend_from_slice(tenant.as_uuid().as_bytes());
        bytes.extend_from_slice(id.as_bytes());
        bytes.extend_from_slice(&now.as_millis().to_be_bytes());
        let tag = hmac::sign(&self.key, &signed(&bytes));
        bytes.extend_from_slice(tag.as_ref());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The sign-in behind a text, if we made it and it has not ended.
    pub(crate) async fn check(&self, text: &str, now: Timestamp) -> Option<SignIn> {
        let sign_in = self.read(text)?;
        self.is_good(&sign_in, now).await.then_some(sign_in)
    }

    pub(crate) async fn is_good(&self, sign_in: &SignIn, now: Timestamp) -> bool {
        let issued = sign_in.issued_at;
        if issued > now || now >= issued.plus(self.lifetime) {
            return false;
        }
        let ended = self.ended.lock().await;
        issued > ended.all_until && !ended.ids.contains_key(&sign_in.id)
    }

    pub(crate) async fn end(&self, sign_in: &SignIn, now: Timestamp) {
        let lifetime = self.lifetime;
        let mut ended = self.ended.lock().await;
        ended.ids.retain(|_, issued| now < issued.plus(lifetime));
        if ended.ids.len() >= SIGN_OUTS_MAX {
            ended.ids.clear();
            ended.all_until = now;
        }
        ended.ids.insert(sign_in.id, sign_in.issued_at);
    }

    fn read(&self, text: &str) -> Option<SignIn> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (statement, tag) = bytes.split_at_checked(STATEMENT_BYTES)?;
        hmac::verify(&self.key, &signed(statement), tag).ok()?;
        let (tenant, rest) = statement.split_at_checked(UUID_BYTES)?;
        let (id, issued) = rest.split_at_checked(UUID_BYTES)?;
        Some(SignIn {
            tenant: TenantId::from_uuid(Uuid::from_slice(tenant).ok()?),
            id: Uuid::from_slice(id).ok()?,
            issued_at: Timestamp::from_millis(i64::from_be_bytes(issued.try_into().ok()?)),
        })
    }
}

fn signed(statement: &[u8]) -> Vec<u8> {
    [PURPOSE, statement].concat()
}
