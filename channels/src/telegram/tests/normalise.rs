use super::super::bot::Identity;
use super::super::ingress::update_id;
use super::super::normalise::normalise;
use super::fixtures;
use proptest::prelude::*;
use rookery_domain::message::{ConversationKind, Inbound, InboundEvent};
use serde_json::json;
use std::collections::BTreeSet;
use teloxide_core::types::{Update, UpdateKind};

fn helper() -> Identity {
    Identity { id: Some(7001), username: Some("helper_rook_bot".to_owned()) }
}

fn read(name: &str) -> Inbound {
    normalise(fixtures::bytes(name), &helper()).unwrap()
}

/// What happened, on one line.
fn event(name: &str) -> String {
    match read(name).event {
        InboundEvent::Message { text, attachments, quoted } => {
            let attached: Vec<String> =
                attachments.iter().map(|one| format!("{}={}", one.kind, one.reference)).collect();
            format!("message {text:?} {attached:?} {quoted:?}")
        }
        InboundEvent::Edited { text } => format!("edited {text:?}"),
        InboundEvent::Command { name, arguments } => format!("command {name} {arguments:?}"),
        InboundEvent::ButtonPressed { data, acknowledgement } => {
            format!("button {data} {acknowledgement}")
        }
        InboundEvent::Membership { bot_present } => format!("membership {bot_present:?}"),
        InboundEvent::Migrated { to_key } => format!("migrated {to_key}"),
        InboundEvent::Other { kind } => format!("other {kind}"),
    }
}

/// Every fixture and what it means.
const EVENTS: [(&str, &str); 65] = [
    ("message_text", r#"message "Olá! What time do you open? 😀" [] None"#),
    ("message_command", r#"command start "ref_42""#),
    ("message_reply_with_quote", r#"message "that one" [] Some("rye")"#),
    ("message_photo", r#"message "our *menu*" ["image=AgAClarge"] None"#),
    ("message_album_item", r#"message "" ["image=AgACalbum"] None"#),
    ("message_voice", r#"message "" ["voice=AwACvoice"] None"#),
    ("message_audio", r#"message "" ["audio=CQACaudio"] None"#),
    ("message_video", r#"message "" ["video=BAACvideo"] None"#),
    ("message_video_note", r#"message "" ["video=DQACnote"] None"#),
    ("message_animation", r#"message "" ["video=CgACanim"] None"#),
    ("message_document", r#"message "My order" ["document=BQACdoc"] None"#),
    ("message_sticker", r#"message "" ["sticker=CAACsticker"] None"#),
    ("message_location", r#"message "" ["location=geo:38.7139,-9.1394"] None"#),
    ("message_venue", r#"message "" ["location=geo:38.7139,-9.1394"] None"#),
    ("message_contact", r#"message "" ["contact=tel:+351210000000"] None"#),
    ("message_poll", r#"message "" ["poll=5368000000000000001"] None"#),
    ("message_dice", r#"message "" ["dice=🎲:4"] None"#),
    ("message_group_unaddressed", r#"message "lunch, anyone?" [] None"#),
    ("message_group_mention", r#"message "😀 @Helper_Rook_Bot when do we open?" [] None"#),
    ("message_group_text_mention", r#"message "Helper, are you there?" [] None"#),
    (
        "message_group_caption_mention",
        r#"message "@helper_rook_bot what is this?" ["image=AgACg"] None"#,
    ),
    ("message_group_reply_to_bot", r#"message "and on Sunday?" [] Some("We open at 7.")"#),
    ("message_group_command", r#"command usage """#),
    ("message_group_command_of_other_bot", r#"message "/usage@another_bot" [] None"#),
    ("message_group_from_bot", r#"message "@helper_rook_bot hello" [] None"#),
    ("message_group_anonymous_admin", r#"message "please be nice" [] None"#),
    ("message_forum_topic", r#"message "two loaves please" [] None"#),
    ("message_forum_topic_reply_to_bot", r#"message "make it three" [] Some("Noted.")"#),
    ("message_reply_thread_outside_topic", r#"message "sure" [] Some("lunch, anyone?")"#),
    ("message_forum_topic_created", "other forum_topic_created"),
    ("message_pinned", "other pinned_message"),
    ("message_bot_added", "membership Some(true)"),
    ("message_member_left", "membership None"),
    ("message_migrate_to", "migrated chat:-1005566778899"),
    ("message_migrate_from", "other migrate_from_chat_id"),
    ("message_story", "other story"),
    ("message_future_kind", "other hologram"),
    ("edited_message", r#"edited "Olá! When do you open?""#),
    ("edited_live_location", "other edited_message"),
    ("channel_post", r#"message "New bread today" [] None"#),
    ("edited_channel_post", r#"edited "New bread tomorrow""#),
    ("callback_query", "button approve:7 4382bfdwdsb323b2d9"),
    ("callback_query_topic", "button approve:8 4382bfdwdsb323b2da"),
    ("callback_query_inaccessible", "button approve:9 4382bfdwdsb323b2db"),
    ("callback_query_game", "other callback_query"),
    ("my_chat_member_blocked", "membership Some(false)"),
    ("my_chat_member_added", "membership Some(true)"),
    ("chat_member", "membership None"),
    ("message_reaction", "other message_reaction"),
    ("message_reaction_count", "other message_reaction_count"),
    ("inline_query", "other inline_query"),
    ("chosen_inline_result", "other chosen_inline_result"),
    ("shipping_query", "other shipping_query"),
    ("pre_checkout_query", "other pre_checkout_query"),
    ("purchased_paid_media", "other purchased_paid_media"),
    ("poll", "other poll"),
    ("poll_answer", "other poll_answer"),
    ("chat_join_request", "other chat_join_request"),
    ("chat_boost", "other chat_boost"),
    ("removed_chat_boost", "other removed_chat_boost"),
    ("business_connection", "other business_connection"),
    ("business_message", "other business_message"),
    ("edited_business_message", "other edited_business_message"),
    ("deleted_business_messages", "other deleted_business_messages"),
    ("unknown_kind", "other hologram_call"),
];

#[test]
fn every_kind_of_update_becomes_what_it_means() {
    for (name, expected) in EVENTS {
        assert_eq!(event(name), expected, "{name}");
    }
    let named: BTreeSet<&str> = EVENTS.iter().map(|(name, _)| *name).collect();
    let stored: BTreeSet<&str> = fixtures::ALL.iter().map(|(name, _)| *name).collect();
    assert_eq!(named, stored);
}

#[test]
fn the_library_reads_every_fixture_as_the_same_kind() {
    for (name, raw) in fixtures::ALL {
        let update: Update = serde_json::from_str(raw).unwrap();
        assert_eq!(update_id(raw.as_bytes()), Some(i64::from(update.id.0)), "{name}");
        // The library expects objects where the platform sends the ids of deleted messages.
        let unread = ["unknown_kind", "deleted_business_messages"].contains(name);
        assert_eq!(matches!(update.kind, UpdateKind::Error(_)), unread, "{name}");
        let target = read(name).reply_target.0;
        if let Some(chat) = update.chat()
            && !target.is_null()
        {
            assert_eq!(target["chat_id"], json!(chat.id.0), "{name}");
        }
    }
}

#[test]
fn a_private_chat_is_one_conversation_with_its_person() {
    let inbound = read("message_text");
    assert_eq!(inbound.conversation.key, "chat:5042");
    assert_eq!(inbound.conversation.kind, ConversationKind::Direct);
    assert_eq!(inbound.sender.platform_user_id, "5042");
    assert_eq!(inbound.sender.display_name.as_deref(), Some("Ana Souza"));
    assert_eq!(inbound.sender.locale.as_deref(), Some("pt-br"));
    assert_eq!(inbound.sent_at.unwrap().as_millis(), 1_783_000_011_000);
    assert_eq!(inbound.platform_message_id.as_deref(), Some("11"));
    assert!(inbound.addressed);
    assert_eq!(inbound.reply_target.0, json!({"chat_id": 5042, "kind": "direct"}));
}

#[test]
fn in_a_group_only_what_is_said_to_the_bot_is_addressed() {
    let addressed = EVENTS
        .iter()
        .filter(|(name, _)| name.starts_with("message_group") || name.contains("topic"))
        .filter(|(name, _)| read(name).addressed)
        .map(|(name, _)| *name)
        .collect::<Vec<_>>();
    assert_eq!(
        addressed,
        [
            "message_group_mention",
            "message_group_text_mention",
            "message_group_caption_mention",
            "message_group_reply_to_bot",
            "message_group_command",
            "message_group_from_bot",
            "message_forum_topic_reply_to_bot",
            "callback_query_topic",
        ]
    );
}

#[test]
fn a_forum_topic_is_a_conversation_of_its_own_and_a_chain_of_replies_is_not() {
    let topic = read("message_forum_topic");
    assert_eq!(topic.conversation.key, "chat:-1002233445566:topic:2");
    assert_eq!(
        topic.reply_target.0,
        json!({"chat_id": -1_002_233_445_566_i64, "thread_id": 2, "reply_to": 41, "kind": "group"})
    );
    let chain = read("message_reply_thread_outside_topic");
    assert_eq!(chain.conversation.key, "chat:-1001987654321");
    assert!(chain.reply_target.0.get("thread_id").is_none());
}

#[test]
fn a_bot_is_a_bot_and_an_anonymous_administrator_is_not() {
    assert!(read("message_group_from_bot").sender.is_bot);
    let anonymous = read("message_group_anonymous_admin").sender;
    assert!(!anonymous.is_bot);
    assert_eq!(anonymous.platform_user_id, "-1001987654321");
    assert_eq!(anonymous.display_name.as_deref(), Some("Bakery team"));
}

#[test]
fn without_an_identity_no_name_is_taken_for_the_bots() {
    let nobody = Identity::default();
    for name in [
        "message_group_mention",
        "message_group_text_mention",
        "message_group_command",
        "message_group_reply_to_bot",
    ] {
        let inbound = normalise(fixtures::bytes(name), &nobody).unwrap();
        assert!(!inbound.addressed, "{name}");
    }
}

#[test]
fn a_document_keeps_what_its_sender_declared() {
    let InboundEvent::Message { attachments, .. } = read("message_document").event else {
        panic!("not a message");
    };
    assert_eq!(attachments[0].file_name.as_deref(), Some("../../order.pdf"));
    assert_eq!(attachments[0].declared_type.as_deref(), Some("application/pdf"));
    assert_eq!(attachments[0].size_bytes, Some(20_480));
}

#[test]
fn hostile_updates_are_unreadable_and_never_a_panic() {
    let deep = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    let chat = r#""chat":{"id":1,"type":"private"},"message_id":1"#;
    for hostile in [
        "",
        "null",
        "[]",
        "{}",
        r#"{"update_id":1}"#,
        r#"{"message":{"message_id":1}}"#,
        r#"{"update_id":"1","message":{}}"#,
        r#"{"update_id":1,"message":5}"#,
        &format!(r#"{{"update_id":1,"message":{{{chat},"text":"\ud800"}}}}"#),
        &format!(r#"{{"update_id":1,"message":{{{chat},"text":"a\u0000"}}}}"#),
        &format!(r#"{{"update_id":1,"message":{{{chat},"text":"a","text":"b"}}}}"#),
        &format!(r#"{{"update_id":1,"message":{{{chat},"date":1e400}}}}"#),
        &format!(r#"{{"update_id":1,"message":{{{chat},"x":{}}}}}"#, deep(100_000)),
        &format!(
            r#"{{"update_id":1,"message":{}1{}}}"#,
            r#"{"reply_to_message":"#.repeat(100_000),
            "}".repeat(100_000)
        ),
    ] {
        assert!(normalise(hostile.as_bytes(), &helper()).is_err(), "{hostile:.60}");
    }
}

proptest! {
    #[test]
    fn a_fixture_with_a_damaged_byte_never_panics(
        which in 0..fixtures::ALL.len(),
        position: prop::sample::Index,
        byte: u8,
    ) {
        let mut raw = fixtures::ALL[which].1.as_bytes().to_vec();
        let position = position.index(raw.len());
        raw[position] = byte;
        let _either = normalise(&raw, &helper());
    }
}
