//! Prefixed, sortable ids: `ten_` and 26 characters of Crockford's base 32 over a UUID.
//!
//! Most are `UUIDv7` and sort by creation. [`SessionId`] and [`ContactId`] are *derived* (`UUIDv5` of
//! tenant, connection and the platform's own key), so that any node names the same conversation
//! without a look-up; they sort by nothing.

use crate::time::IdSource;
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const BODY_LENGTH: usize = 26;

/// A text that is not an id of the expected type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid id: expected `{prefix}_` and {BODY_LENGTH} base-32 characters")]
pub struct IdError {
    prefix: &'static str,
}

fn encode(uuid: Uuid) -> String {
    let mut value = uuid.as_u128();
    let mut body = [b'0'; BODY_LENGTH];
    for slot in body.iter_mut().rev() {
        let digit = usize::try_from(value & 31).unwrap_or(0);
        *slot = ALPHABET.get(digit).copied().unwrap_or(b'0');
        value >>= 5;
    }
    body.iter().map(|byte| char::from(*byte)).collect()
}

fn decode(body: &str) -> Option<Uuid> {
    if body.len() != BODY_LENGTH || body.as_bytes().first().is_some_and(|first| *first > b'7') {
        return None;
    }
    body.bytes()
        .try_fold(0_u128, |value, byte| {
            let digit = ALPHABET.iter().position(|candidate| *candidate == byte)?;
            Some((value << 5) | u128::try_from(digit).ok()?)
        })
        .map(Uuid::from_u128)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// What the text form starts with.
            pub const PREFIX: &'static str = $prefix;

            /// A fresh id.
            pub fn generate(source: &dyn IdSource) -> Self {
                Self(source.uuid())
            }

            /// From a stored UUID.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID that is stored.
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "{}_{}", $prefix, encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, formatter)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(decode)
                    .map(Self)
                    .ok_or(IdError { prefix: $prefix })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// Who is isolated.
    TenantId = "ten";
    /// A configured assistant.
    AgentId = "agt";
    /// One published or draft state of an agent.
    RevisionId = "rev";
    /// One bot token, workspace or number of a tenant.
    ConnectionId = "con";
    /// A person on a channel. Derived, see the module.
    ContactId = "cnt";
    /// One conversation. Derived, see the module.
    SessionId = "ses";
    /// One message in a session.
    MessageId = "msg";
    /// One inbound row. The API calls it a *run*: what happens to one submitted message.
    InboxId = "run";
    /// Everything from inbound messages to the reply.
    TurnId = "trn";
    /// One outbound platform call.
    OutboxId = "out";
    /// One metered fact.
    UsageId = "use";
    /// An API key's record (not its text).
    ApiKeyId = "key";
    /// One boot of one runtime process.
    NodeId = "nod";
    /// One audit entry.
    AuditId = "aud";
}

const NAMESPACE: Uuid = Uuid::from_u128(0x0193_5d1e_6f1a_7c3b_9a52_726f_6f6b_6572);

fn derive(kind: &str, tenant: TenantId, connection: ConnectionId, key: &str) -> Uuid {
    let mut name = Vec::with_capacity(48 + key.len());
    name.extend_from_slice(kind.as_bytes());
    name.extend_from_slice(tenant.0.as_bytes());
    name.extend_from_slice(connection.0.as_bytes());
    name.extend_from_slice(key.as_bytes());
    Uuid::new_v5(&NAMESPACE, &name)
}

impl SessionId {
    /// The session of a conversation, named by the platform's own key (a chat, a thread). A key
    /// that is itself a `ses_…` (made where a submission named no conversation) is that session.
    pub fn derived(tenant: TenantId, connection: ConnectionId, conversation_key: &str) -> Self {
        conversation_key
            .parse()
            .unwrap_or_else(|_| Self(derive("session", tenant, connection, conversation_key)))
    }
}

impl ContactId {
    /// The contact behind a platform's user id.
    pub fn derived(tenant: TenantId, connection: ConnectionId, platform_user_id: &str) -> Self {
        Self(derive("contact", tenant, connection, platform_user_id))
    }
}

impl MessageId {
    /// The copy of a message in the session that its conversation moved to: the same each time.
    #[must_use]
    pub fn moved_to(self, session: SessionId) -> Self {
        let mut name = Vec::with_capacity(39);
        name.extend_from_slice(b"message");
        name.extend_from_slice(self.0.as_bytes());
        name.extend_from_slice(session.0.as_bytes());
        Self(Uuid::new_v5(&NAMESPACE, &name))
    }
}

#[cfg(test)]
mod tests {
    use super::{ConnectionId, ContactId, SessionId, TenantId};
    use proptest::prelude::*;
    use uuid::Uuid;

    proptest! {
        #[test]
        fn an_id_survives_its_text_form_and_keeps_its_order(left: u128, right: u128) {
            let (a, b) = (TenantId::from_uuid(Uuid::from_u128(left)), TenantId::from_uuid(Uuid::from_u128(right)));
            prop_assert_eq!(a.to_string().parse::<TenantId>().unwrap(), a);
            prop_assert_eq!(a.to_string().cmp(&b.to_string()), a.cmp(&b));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,40}") {
            let _unused: Result<TenantId, _> = text.parse();
        }
    }

    #[test]
    fn an_id_of_another_type_is_refused() {
        let tenant = TenantId::from_uuid(Uuid::from_u128(7));
        assert!(tenant.to_string().parse::<ConnectionId>().is_err());
        assert!("ten_80000000000000000000000000".parse::<TenantId>().is_err());
    }

    #[test]
    fn derived_ids_differ_by_kind_tenant_and_key() {
        let (one, two) =
            (TenantId::from_uuid(Uuid::from_u128(1)), TenantId::from_uuid(Uuid::from_u128(2)));
        let connection = ConnectionId::from_uuid(Uuid::from_u128(3));
        let session = SessionId::derived(one, connection, "chat:1");
        assert_eq!(session, SessionId::derived(one, connection, "chat:1"));
        assert_ne!(session, SessionId::derived(two, connection, "chat:1"));
        assert_ne!(session, SessionId::derived(one, connection, "chat:2"));
        assert_eq!(session, SessionId::derived(two, connection, &session.to_string()));
        assert_ne!(session.as_uuid(), ContactId::derived(one, connection, "chat:1").as_uuid());
    }
}
