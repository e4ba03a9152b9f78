use super::context::{Setting, conversation, system_prompt};
use super::decide::{Decision, Event, Limits, Phase, decide};
use super::journal::{Stream, replay};
use proptest::prelude::*;
use rookery_domain::Timestamp;
use rookery_domain::id::{ConnectionId, MessageId, SessionId, TenantId};
use rookery_domain::message::{Author, ConversationKind};
use rookery_domain::model::{ModelMessage, ToolCall, Usage, estimate_tokens};
use rookery_domain::session::Message;
use rookery_domain::testing::SequentialIds;
use rookery_domain::turn::TurnStep;
use std::time::Duration;

const LIMITS: Limits = Limits {
    spawn: Duration::from_secs(60),
    heartbeat: Duration::from_secs(30),
    task: Duration::from_secs(600),
};

fn after(phase: Phase, event: Event) -> Decision {
    decide(phase, event, &LIMITS)
}

#[test]
fn a_turn_lives_from_pending_to_cleanup_and_a_crashed_one_to_retry() {
    let mut phase = Phase::Pending;
    for (event, next) in [
        (Event::Spawned, Phase::Spawning),
        (Event::Began, Phase::Active),
        (Event::Finished, Phase::Completed),
        (Event::Reported, Phase::Cleanup),
    ] {
        phase = after(phase, event).phase;
        assert_eq!(phase, next);
    }
    assert_eq!(after(Phase::Active, Event::Crashed).phase, Phase::Failed);
    assert_eq!(after(Phase::Failed, Event::Reported).phase, Phase::Retry);
}

#[test]
fn each_limit_cancels_at_its_own_end() {
    let check = |phase, age, silent_for| {
        let (age, silent_for) = (Duration::from_secs(age), Duration::from_secs(silent_for));
        after(phase, Event::Check { age, silent_for }).cancel
    };
    assert!(!check(Phase::Spawning, 60, 60));
    assert!(check(Phase::Spawning, 61, 61));
    assert!(!check(Phase::Spawning, 300, 2));
    assert!(!check(Phase::Active, 600, 30));
    assert!(check(Phase::Active, 601, 0));
    assert!(check(Phase::Active, 40, 31));
    assert!(!check(Phase::Completed, 9_999, 9_999));
}

fn message(seq: i64, author: Author, text: &str) -> Message {
    let ids = SequentialIds::default();
    let (tenant, connection) = (TenantId::generate(&ids), ConnectionId::generate(&ids));
    Message {
        id: MessageId::generate(&ids),
        session_id: SessionId::derived(tenant, connection, "chat:1"),
        seq,
        author,
        text: text.to_owned(),
        attachments: Vec::new(),
        sender_name: Some("Ana".to_owned()),
        inbox_id: None,
        turn_id: None,
        created_at: Timestamp::EPOCH,
    }
}

fn text_of(message: &ModelMessage) -> &str {
    match message {
        ModelMessage::User { text } | ModelMessage::Assistant { text, .. } => text,
        other => panic!("not expected here: {other:?}"),
    }
}

#[test]
fn the_oldest_messages_go_first_when_the_budget_is_small() {
    let history = [
        message(1, Author::User, &"a".repeat(400)),
        message(2, Author::Assistant, &"b".repeat(400)),
        message(3, Author::User, &"c".repeat(400)),
    ];
    let kept = conversation("", &history, ConversationKind::Direct, 220);
    let texts: Vec<char> = kept.iter().filter_map(|kept| text_of(kept).chars().next()).collect();
    assert_eq!(texts, ['b', 'c']);
}

#[test]
fn names_are_shown_to_the_model_in_groups_only() {
    let history = [message(1, Author::User, "hello")];
    let group = conversation("", &history, ConversationKind::Group, 100);
    assert_eq!(text_of(&group[0]), "Ana: hello");
    let direct = conversation("", &history, ConversationKind::Direct, 100);
    assert_eq!(text_of(&direct[0]), "hello");
}

#[test]
fn the_runtimes_own_words_stay_under_three_hundred_tokens() {
    let setting = Setting {
        instructions: "",
        agent_name: &"N".repeat(64),
        kind: ConversationKind::Group,
        now: Timestamp::from_millis(1_790_000_000_000),
    };
    assert!(estimate_tokens(&system_prompt(&setting)) < 300);
}

proptest! {
    #[test]
    fn the_newest_message_is_always_in_and_the_rest_fits(
        lengths in proptest::collection::vec(0_usize..2_000, 1..40),
        budget in 0_u64..3_000,
    ) {
        let history: Vec<Message> = lengths
            .iter()
            .zip(1_i64..)
            .map(|(length, seq)| message(seq, Author::User, &"x".repeat(*length)))
            .collect();
        let kept = conversation("sys", &history, ConversationKind::Direct, budget);
        prop_assert_eq!(text_of(kept.last().unwrap()).len(), *lengths.last().unwrap());
        let cost: u64 = kept.iter().map(|kept| 4 + estimate_tokens(text_of(kept))).sum();
        prop_assert!(kept.len() == 1 || cost <= budget);
    }
}

#[test]
fn a_journal_gives_back_the_conversation_and_the_calls_left_open() {
    let call = |id: &str| ToolCall {
        id: id.to_owned(),
        name: "time".to_owned(),
        arguments: serde_json::json!({}),
    };
    let steps = [
        TurnStep::StreamOpened { platform_message_id: "55".to_owned() },
        TurnStep::Completion {
            text: String::new(),
            tool_calls: vec![call("a"), call("b"), call("c")],
            usage: Usage::default(),
            model: "main/m".to_owned(),
        },
        TurnStep::ToolStarted { call_id: "a".to_owned() },
        TurnStep::ToolResult {
            call_id: "a".to_owned(),
            name: "time".to_owned(),
            content: "noon".to_owned(),
        },
        TurnStep::ToolStarted { call_id: "b".to_owned() },
    ];
    let replayed = replay(&steps);
    assert_eq!(replayed.messages.len(), 2);
    assert_eq!(replayed.open_calls, [(call("b"), true), (call("c"), false)]);
    assert_eq!(replayed.stream, Stream::Open("55".to_owned()));
    assert_eq!(replayed.model_calls, 1);
}

#[test]
fn a_growing_message_is_doubtful_until_its_id_is_known() {
    assert_eq!(replay(&[]).stream, Stream::None);
    assert_eq!(replay(&[TurnStep::StreamOpening]).stream, Stream::Doubtful);
    let opened = TurnStep::StreamOpened { platform_message_id: "55".to_owned() };
    let known = replay(&[TurnStep::StreamOpening, opened]).stream;
    assert_eq!(known.message(), Some("55"));
}
