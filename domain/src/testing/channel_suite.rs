//! What every [`Adapter`] must do, whichever platform is behind it. No I/O is made.
#![expect(clippy::expect_used, reason = "a suite is test code and fails by panicking")]

use crate::connection::ConnectionConfig;
use crate::message::{ConversationKind, InboundEvent, Reply};
use crate::ports::{Adapter, Envelope, IngressError, OpenConnection, RawRequest};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Longest dedupe key.
const DEDUPE_KEY_BYTES_MAX: usize = 200;

/// What the suite runs on.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The adapter.
    pub adapter: Arc<dyn Adapter>,
    /// A connection of it that opens.
    pub config: ConnectionConfig,
    /// Makes an authentic request of a body; `None` where nothing is ever posted.
    pub sign: Option<fn(&[u8]) -> RawRequest>,
    /// Stored rows that it reads.
    pub samples: Vec<Bytes>,
    /// Whether a rendered part fits one message of the platform.
    pub fits: fn(&Value) -> bool,
}

impl Subject {
    /// Opens the connection.
    pub fn open(&self) -> OpenConnection {
        self.adapter.open(&self.config).expect("the subject's connection opens")
    }
}

/// Runs every check that needs no generated input.
pub fn check(subject: &Subject) {
    names_are_sound(subject);
    unknown_settings_are_refused_by_name(subject);
    missing_secrets_are_refused(subject);
    unauthentic_requests_are_refused(subject);
    equal_deliveries_have_equal_keys(subject);
    samples_are_read(subject);
    replies_are_rendered(subject);
    for hostile in hostile_bodies() {
        survives(subject, &hostile);
    }
    nothing_printed_holds_a_secret(subject);
}

/// Any bytes: taken as at least one row where they are authentic, read or refused, never a panic.
pub fn survives(subject: &Subject, body: &[u8]) {
    let ingress = subject.open().ingress;
    if let Some(sign) = subject.sign {
        let envelopes =
            ingress.accept(&sign(body)).expect("authentic bytes are taken, whatever they are");
        assert!(!envelopes.is_empty(), "authentic bytes are stored");
        assert_keys(&envelopes);
        let again = ingress.accept(&sign(body)).expect("taken once, taken twice");
        assert_eq!(envelopes, again, "a redelivery has the same rows and keys");
    }
    if let Ok(inbound) = ingress.normalise(body) {
        assert!(!inbound.conversation.key.is_empty(), "a conversation has a name");
    }
}

/// Any reply: parts that fit, and nothing lost to a second rendering.
pub fn renders(subject: &Subject, text: &str) {
    let delivery = subject.open().delivery;
    let parts = delivery.render(&Reply::answer(text));
    assert!(parts.iter().all(subject.fits), "every part fits: {text:?}");
    assert_eq!(parts, delivery.render(&Reply::answer(text)), "rendering is pure");
    assert!((subject.fits)(&delivery.render_preview(text)), "a preview fits");
}

fn names_are_sound(subject: &Subject) {
    let kind = subject.adapter.kind();
    assert_eq!(subject.config.connection.channel, kind);
    let fields = subject.adapter.secret_fields();
    let distinct: BTreeSet<_> = fields.iter().collect();
    assert_eq!(distinct.len(), fields.len(), "secrets have distinct names");
}

fn unknown_settings_are_refused_by_name(subject: &Subject) {
    let mut settings = stored_settings(subject);
    settings.insert("no_such_setting".to_owned(), json!(1));
    let faults = subject
        .adapter
        .check_settings(&settings, subject.adapter.secret_fields())
        .expect_err("an unknown setting is refused");
    assert!(faults.iter().any(|fault| fault.field == "no_such_setting"));
    settings.remove("no_such_setting");
    let stored = subject.adapter.check_settings(&settings, subject.adapter.secret_fields());
    assert!(stored.is_ok(), "stored settings pass their own check");
}

fn stored_settings(subject: &Subject) -> Map<String, Value> {
    match &subject.config.connection.settings {
        Value::Object(settings) => settings.clone(),
        _ => Map::new(),
    }
}

fn missing_secrets_are_refused(subject: &Subject) {
    for field in subject.adapter.secret_fields() {
        for replaced in [None, Some(crate::Secret::new(""))] {
            let mut config = subject.config.clone();
            config.secrets.remove(*field);
            config.secrets.extend(replaced.map(|secret| ((*field).to_owned(), secret)));
            let refused = subject.adapter.open(&config);
            assert!(refused.is_err(), "without `{field}` the connection does not open");
        }
    }
}

fn unauthentic_requests_are_refused(subject: &Subject) {
    let ingress = subject.open().ingress;
    let bare = RawRequest { headers: Vec::new(), body: Bytes::from_static(b"{}") };
    assert_eq!(ingress.accept(&bare), Err(IngressError::Unauthorized));
    let Some(sign) = subject.sign else {
        return;
    };
    let signed = sign(b"{}");
    for (position, _) in signed.headers.iter().enumerate() {
        let mut emptied = signed.clone();
        let mut repeated = signed.clone();
        let mut changed = signed.clone();
        if let Some((name, value)) = emptied.headers.get_mut(position) {
            let (name, original) = (name.clone(), std::mem::take(value));
            repeated.headers.push((name, original));
        }
        if let Some((_, value)) = changed.headers.get_mut(position) {
            let mut bytes = value.to_vec();
            if let Some(last) = bytes.last_mut() {
                *last ^= 1;
            }
            *value = bytes.into();
        }
        for forged in [emptied, repeated, changed] {
            assert_eq!(ingress.accept(&forged), Err(IngressError::Unauthorized));
        }
    }
}

fn equal_deliveries_have_equal_keys(subject: &Subject) {
    let Some(sign) = subject.sign else {
        return;
    };
    let ingress = subject.open().ingress;
    let mut keys = BTreeSet::new();
    for sample in &subject.samples {
        let envelopes = ingress.accept(&sign(sample)).expect("a sample is taken");
        let reopened = subject.open().ingress.accept(&sign(sample));
        assert_eq!(reopened.as_ref(), Ok(&envelopes), "keys outlive a restart");
        assert_keys(&envelopes);
        for envelope in envelopes {
            assert!(keys.insert(envelope.dedupe_key), "different deliveries differ");
        }
    }
}

fn assert_keys(envelopes: &[Envelope]) {
    for envelope in envelopes {
        let length = envelope.dedupe_key.len();
        assert!((1..=DEDUPE_KEY_BYTES_MAX).contains(&length), "a key is 1 to 200 bytes");
    }
}

fn samples_are_read(subject: &Subject) {
    let connection = subject.open();
    let mut spoken = 0;
    for sample in &subject.samples {
        let inbound = connection.ingress.normalise(sample).expect("a sample is read");
        assert_eq!(connection.ingress.normalise(sample).as_ref(), Ok(&inbound), "reading is pure");
        if let InboundEvent::Message { .. } = inbound.event {
            spoken += 1;
            let direct = inbound.conversation.kind == ConversationKind::Direct;
            assert!(!direct || inbound.addressed, "a direct message is to the bot");
            assert!(!inbound.sender.platform_user_id.is_empty(), "somebody said it");
        }
    }
    assert!(spoken > 0, "some sample is a message");
}

fn replies_are_rendered(subject: &Subject) {
    let pulled = subject.open().delivery.capabilities().pulled;
    let parts = subject.open().delivery.render(&Reply::answer("hello"));
    assert_eq!(parts.len(), 1, "a short reply is one part");
    assert_eq!(parts == [Value::Null], pulled, "only a pulled channel has empty parts");
    let long = "word ".repeat(50_000);
    for text in [
        long.as_str(),
        "# Title\n\n- [x] a\n- b\n\n> quote\n\n```rust\nlet a = 1;\n```\n\n|a|b|\n|-|-|\n|1|2|",
        "[x](javascript:alert(1)) @everyone <b>html</b> \u{202e}\u{200b}\u{1b}[31m",
        "`unclosed **marks _and [links](",
        "",
    ] {
        renders(subject, text);
    }
}

fn nothing_printed_holds_a_secret(subject: &Subject) {
    let printed = format!("{:?} {:?}", subject.adapter, subject.open());
    for secret in subject.config.secrets.values() {
        assert!(!printed.contains(secret.expose()), "a secret is never printed");
    }
}

fn hostile_bodies() -> Vec<Vec<u8>> {
    let deep = |open: &str, close: &str| {
        format!("{}1{}", open.repeat(100_000), close.repeat(100_000)).into_bytes()
    };
    vec![
        Vec::new(),
        b"\0".to_vec(),
        b"\xff\xfe\xfd".to_vec(),
        b"null".to_vec(),
        b"{\"a\":1,\"a\":2}".to_vec(),
        b"{\"a\":1e400}".to_vec(),
        b"{\"a\":\"\\ud800\"}".to_vec(),
        b"{\"a\":\"\\u0000\"}".to_vec(),
        deep("[", "]"),
        deep("{\"a\":", "}"),
    ]
}
