use super::WebAdapter;
use super::settings::ORIGINS_MAX;
use proptest::prelude::*;
use rookery_domain::channel::ChannelKind;
use rookery_domain::connection::{Connection, ConnectionConfig};
use rookery_domain::id::{AgentId, ConnectionId, TenantId};
use rookery_domain::message::{ConversationKind, InboundEvent, Reply, WebMessage};
use rookery_domain::model::ModelMessage;
use rookery_domain::ports::channel::SettingsError;
use rookery_domain::ports::{Adapter, Ingress, IngressError, RawRequest};
use rookery_domain::testing::channel_suite::Subject;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

fn config() -> ConnectionConfig {
    let id = |number| Uuid::from_u128(number);
    ConnectionConfig {
        connection: Connection {
            tenant_id: TenantId::from_uuid(id(1)),
            id: ConnectionId::from_uuid(id(2)),
            slug: "site".to_owned(),
            channel: ChannelKind::web(),
            agent_id: AgentId::from_uuid(id(3)),
            settings: json!({"allowed_origins": []}),
            identity: None,
            enabled: true,
        },
        secrets: BTreeMap::new(),
        public_url: "https://bots.example.com".to_owned(),
    }
}

/// What the conformance suite runs on.
pub(crate) fn subject(adapter: Arc<dyn Adapter>) -> Subject {
    let sample = |text: &str| serde_json::to_vec(&message(text)).unwrap().into();
    Subject {
        adapter,
        config: config(),
        sign: None,
        samples: vec![sample("hello"), sample("/help")],
        fits: Value::is_null,
    }
}

fn check(settings: Value) -> Result<Value, Vec<SettingsError>> {
    let Value::Object(settings) = settings else { panic!("not an object") };
    WebAdapter.check_settings(&settings, &[])
}

fn ingress() -> impl Ingress {
    super::ingress::WebIngress
}

fn message(text: &str) -> WebMessage {
    WebMessage {
        conversation_key: "shop-7".to_owned(),
        contact: None,
        text: text.to_owned(),
        history: None,
    }
}

fn event(message: &WebMessage) -> InboundEvent {
    let raw = serde_json::to_vec(message).unwrap();
    ingress().normalise(&raw).unwrap().event
}

#[test]
fn exact_origins_are_stored_and_none_is_the_default() {
    assert_eq!(check(json!({})), Ok(json!({"allowed_origins": []})));
    let origins = json!({"allowed_origins": ["https://shop.example.com", "http://localhost:3000"]});
    assert_eq!(check(origins.clone()), Ok(origins));
}

#[test]
fn what_is_no_exact_origin_is_refused_with_the_fix() {
    for (origin, reason) in [
        (json!("https://shop.example.com/"), "use `https://shop.example.com`"),
        (json!("https://Shop.example.com"), "use `https://shop.example.com`"),
        (json!("https://shop.example.com:443"), "use `https://shop.example.com`"),
        (json!("https://a@shop.example.com"), "use `https://shop.example.com`"),
        (json!("*"), "relative URL"),
        (json!("null"), "relative URL"),
        (json!("ftp://shop.example.com"), "must start with https://"),
        (json!(7), "is not a text"),
    ] {
        let faults = check(json!({ "allowed_origins": [origin] })).unwrap_err();
        assert!(faults[0].reason.contains(reason), "{faults:?}");
    }
    let faults = check(json!({"allowed_origin": []})).unwrap_err();
    assert_eq!(faults[0].reason, "unknown setting, did you mean `allowed_origins`?");
    assert!(check(json!({"allowed_origins": "https://shop.example.com"})).is_err());
}

#[test]
fn a_connection_takes_origins_up_to_its_limit() {
    let origins = |count| json!({"allowed_origins": vec!["https://a.example"; count]});
    assert!(check(origins(ORIGINS_MAX)).is_ok());
    assert!(check(origins(ORIGINS_MAX + 1)).is_err());
}

#[test]
fn nothing_can_be_posted_to_its_hook() {
    let refused = ingress().accept(&RawRequest::default());
    assert_eq!(refused, Err(IngressError::Unauthorized));
}

#[test]
fn a_submission_is_a_direct_conversation_with_a_nameless_or_named_contact() {
    let raw = serde_json::to_vec(&message("hello")).unwrap();
    let inbound = ingress().normalise(&raw).unwrap();
    assert_eq!(inbound.conversation.key, "shop-7");
    assert_eq!(inbound.conversation.kind, ConversationKind::Direct);
    assert_eq!(inbound.sender.platform_user_id, "anonymous:shop-7");
    assert!(inbound.addressed);
    let named = WebMessage { contact: Some("ana".to_owned()), ..message("hello") };
    let raw = serde_json::to_vec(&named).unwrap();
    assert_eq!(ingress().normalise(&raw).unwrap().sender.platform_user_id, "ana");
}

#[test]
fn a_command_is_a_command_unless_the_caller_brings_its_own_history() {
    let command = InboundEvent::Command { name: "help".to_owned(), arguments: "me".to_owned() };
    assert_eq!(event(&message("/Help me")), command);
    for text in ["/help@other me", "/etc/passwd", "say /help"] {
        assert!(matches!(event(&message(text)), InboundEvent::Message { .. }), "{text}");
    }
    let stateless = WebMessage { history: Some(Vec::<ModelMessage>::new()), ..message("/help") };
    assert!(matches!(event(&stateless), InboundEvent::Message { .. }));
}

#[test]
fn a_reply_is_one_empty_part() {
    let delivery = WebAdapter.open(&config()).unwrap().delivery;
    assert_eq!(delivery.render(&Reply::answer("long ".repeat(9_999))), [Value::Null]);
    assert!(delivery.capabilities().pulled);
}

proptest! {
    #[test]
    fn a_text_survives_its_stored_form(text in "[^/\u{0}]{0,80}") {
        let expected = InboundEvent::Message {
            text: text.clone(),
            attachments: Vec::new(),
            quoted: None,
        };
        prop_assert_eq!(event(&message(&text)), expected);
    }
}

#[test]
fn a_stored_nul_is_unreadable_and_not_a_fault_of_the_database() {
    let raw = serde_json::to_vec(&message("a\0b")).unwrap();
    assert!(matches!(ingress().normalise(&raw), Err(IngressError::Unreadable(_))));
}

#[test]
fn a_row_whose_conversation_has_no_name_is_unreadable() {
    assert!(ingress().normalise(br#"["",null,""]"#).is_err());
}
