use super::decide::{Admission, Class, LaneView, admit, batch_size, classify, spoken_text};
use super::quota::QuotaBook;
use super::session::SessionCounter;
use super::state::ReadAhead;
use proptest::prelude::*;
use rookery_domain::Timestamp;
use rookery_domain::agent::{GroupActivation, WhileBusy};
use rookery_domain::command::ChatCommand;
use rookery_domain::id::InboxId;
use rookery_domain::live::{durable_seq, outbox_seq_of};
use rookery_domain::message::{
    Attachment, Conversation, ConversationKind, Inbound, InboundEvent, ReplyTarget, Sender,
};
use rookery_domain::notice::Notice;
use rookery_domain::ownership::Epoch;
use rookery_domain::tenant::DailyLimits;
use rookery_domain::testing::SequentialIds;
use rookery_domain::usage::DayUsage;
use std::time::Duration;

fn said(text: &str) -> InboundEvent {
    InboundEvent::Message { text: text.to_owned(), attachments: Vec::new(), quoted: None }
}

fn inbound(kind: ConversationKind, addressed: bool, event: InboundEvent) -> Inbound {
    Inbound {
        conversation: Conversation { key: "chat:1".to_owned(), kind, title: None },
        sender: Sender { platform_user_id: "7".to_owned(), ..Sender::default() },
        platform_message_id: None,
        sent_at: None,
        addressed,
        event,
        reply_target: ReplyTarget(serde_json::Value::Null),
        history: None,
    }
}

fn class(inbound: &Inbound) -> Class {
    classify(inbound, GroupActivation::Mention, 100)
}

#[test]
fn a_direct_message_is_answered_and_a_group_message_only_when_addressed() {
    let direct = inbound(ConversationKind::Direct, true, said("hi"));
    assert_eq!(class(&direct), Class::Answer);
    let overheard = inbound(ConversationKind::Group, false, said("hi all"));
    assert_eq!(class(&overheard), Class::Context);
    assert_eq!(classify(&overheard, GroupActivation::Always, 100), Class::Answer);
}

#[test]
fn a_wake_up_for_a_row_that_was_read_before_is_no_news_until_many_more_were_read() {
    let source = SequentialIds::default();
    let ids: Vec<InboxId> = (0..=4_096).map(|_| InboxId::generate(&source)).collect();
    let (more, ids) = ids.split_last().unwrap();
    let mut read = ReadAhead::default();
    assert!(!read.has(ids[0]));
    for id in ids {
        read.note(*id);
        read.note(*id);
    }
    assert!(read.has(ids[0]) && read.has(ids[4_095]));
    read.note(*more);
    assert!(!read.has(ids[0]) && read.has(ids[1]));
}

#[test]
fn another_bot_is_never_answered() {
    let mut bot = inbound(ConversationKind::Direct, true, said("hi"));
    bot.sender.is_bot = true;
    assert_eq!(class(&bot), Class::Ignore);
}

#[test]
fn an_unknown_command_is_answered_in_a_direct_chat_and_left_to_others_in_a_group() {
    let event = InboundEvent::Command { name: "frobnicate".to_owned(), arguments: String::new() };
    let direct = inbound(ConversationKind::Direct, true, event.clone());
    assert_eq!(class(&direct), Class::UnknownCommand);
    let group = inbound(ConversationKind::Group, true, event);
    assert_eq!(class(&group), Class::Ignore);
    let help = InboundEvent::Command { name: "help".to_owned(), arguments: String::new() };
    let help = inbound(ConversationKind::Group, true, help);
    assert_eq!(class(&help), Class::Command(ChatCommand::Help));
}

#[test]
fn media_without_words_and_texts_over_the_limit_get_a_notice() {
    let attachment = Attachment {
        kind: "voice".to_owned(),
        reference: "file-1".to_owned(),
        file_name: None,
        declared_type: None,
        size_bytes: None,
    };
    let event =
        InboundEvent::Message { text: String::new(), attachments: vec![attachment], quoted: None };
    let media = inbound(ConversationKind::Direct, true, event);
    assert_eq!(class(&media), Class::Refuse(Notice::MediaNotRead));
    let at_the_limit = inbound(ConversationKind::Direct, true, said(&"é".repeat(100)));
    assert_eq!(class(&at_the_limit), Class::Answer);
    let over = inbound(ConversationKind::Direct, true, said(&"é".repeat(101)));
    assert_eq!(class(&over), Class::Refuse(Notice::MessageTooLong { characters_max: 100 }));
}

#[test]
fn a_quote_stands_before_what_is_said_about_it() {
    let event = InboundEvent::Message {
        text: "why?".to_owned(),
        attachments: Vec::new(),
        quoted: Some("we close\nat six".to_owned()),
    };
    assert_eq!(spoken_text(&event), "> we close\n> at six\n\nwhy?");
}

#[test]
fn admission_follows_the_policy() {
    let (window, most) = (Duration::from_millis(1_500), Duration::from_secs(10));
    let decide =
        |policy, running, held_for| admit(policy, LaneView { running, held_for }, window, most);
    assert_eq!(decide(WhileBusy::Queue, false, None), Admission::Start);
    assert_eq!(decide(WhileBusy::Queue, true, None), Admission::Wait);
    assert_eq!(decide(WhileBusy::Interrupt, true, None), Admission::Interrupt);
    assert_eq!(decide(WhileBusy::Interrupt, false, None), Admission::Start);
    assert_eq!(decide(WhileBusy::Debounce, true, None), Admission::Wait);
    assert_eq!(decide(WhileBusy::Debounce, false, None), Admission::Hold(window));
    let late = Some(Duration::from_millis(9_500));
    assert_eq!(
        decide(WhileBusy::Debounce, false, late),
        Admission::Hold(Duration::from_millis(500))
    );
    assert_eq!(decide(WhileBusy::Debounce, false, Some(most)), Admission::Start);
}

#[test]
fn a_queue_answers_one_by_one_and_the_others_all_together() {
    assert_eq!(batch_size(WhileBusy::Queue, 5), 1);
    assert_eq!(batch_size(WhileBusy::Debounce, 5), 5);
    assert_eq!(batch_size(WhileBusy::Interrupt, 5), 5);
}

#[test]
fn a_used_up_quota_names_the_next_day_and_opens_again_then() {
    let limits = DailyLimits { messages: Some(1), tokens: Some(100) };
    let today = Timestamp::from_millis(1_000);
    let mut book = QuotaBook::new(today, DayUsage::default());
    assert_eq!(book.reserve_message(limits, today), Ok(()));
    let resets_at = today.next_day();
    assert_eq!(book.reserve_message(limits, today), Err(Notice::MessagesUsedUp { resets_at }));
    assert_eq!(book.reserve_tokens(limits, today, 101), Err(Notice::TokensUsedUp { resets_at }));
    book.settle(DayUsage { messages: 1, tokens: 0 }, DayUsage { messages: 1, tokens: 100 }, today);
    assert_eq!(book.reserve_tokens(limits, today, 1), Err(Notice::TokensUsedUp { resets_at }));
    assert_eq!(book.reserve_message(limits, resets_at), Ok(()));
}

proptest! {
    #[test]
    fn no_order_of_turns_uses_more_than_the_quota(steps in proptest::collection::vec((0_u64..60, 0_u64..60), 1..200)) {
        let limits = DailyLimits { messages: Some(40), tokens: Some(500) };
        let now = Timestamp::from_millis(5);
        let mut book = QuotaBook::new(now, DayUsage::default());
        for (tokens, used) in steps {
            if book.reserve_message(limits, now).is_err() {
                continue;
            }
            let granted = book.reserve_tokens(limits, now, tokens).is_ok();
            let reserved = DayUsage { messages: 1, tokens: if granted { tokens } else { 0 } };
            let spent = DayUsage { messages: 1, tokens: if granted { used.min(tokens) } else { 0 } };
            book.settle(reserved, spent, now);
            prop_assert!(book.used().messages <= 40);
            prop_assert!(book.used().tokens <= 500);
        }
    }
}

#[test]
fn live_numbers_rise_across_durable_ones_and_epochs() {
    let counter = SessionCounter::new(Epoch(1));
    let first = counter.next_live();
    let second = counter.next_live();
    assert!(first < second);
    let seq = counter.next();
    let durable = counter.became_durable(seq);
    assert!(second < durable);
    assert_eq!(durable, durable_seq(seq));
    let after = counter.next_live();
    assert!(durable < after);
    assert_eq!(outbox_seq_of(after), seq);
    assert!(SessionCounter::new(Epoch(2)).next_live() > second);
}
