//! What happens to an inbound row. Pure: no clock, no I/O, no actor.

use rookery_domain::agent::{GroupActivation, WhileBusy};
use rookery_domain::command::ChatCommand;
use rookery_domain::message::{ConversationKind, Inbound, InboundEvent};
use rookery_domain::notice::Notice;
use rookery_domain::session::Message;
use std::time::Duration;

/// What an inbound event is to us.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Class {
    /// Something to answer.
    Answer,
    /// Something to answer with a notice, without a model.
    Refuse(Notice),
    /// Kept as context of the session, not answered.
    Context,
    /// A command of the fast path.
    Command(ChatCommand),
    /// A command we do not have.
    UnknownCommand,
    /// A changed message: replaces the waiting one, if it still waits.
    Edit,
    /// The conversation goes on under another name.
    Moved,
    /// Nothing is done with it.
    Ignore,
}

/// Classifies an event by its kind and the agent's policy.
pub(crate) fn classify(
    inbound: &Inbound,
    activation: GroupActivation,
    characters_max: usize,
) -> Class {
    if inbound.sender.is_bot {
        return Class::Ignore;
    }
    match &inbound.event {
        InboundEvent::Command { name, .. } => {
            let known = ChatCommand::parse(name).map(Class::Command);
            match inbound.conversation.kind {
                _ if !inbound.addressed => Class::Context,
                ConversationKind::Direct => known.unwrap_or(Class::UnknownCommand),
                // Several bots share a group: a command nobody here knows is another one's.
                ConversationKind::Group => known.unwrap_or(Class::Ignore),
            }
        }
        InboundEvent::Message { text, attachments, .. } => {
            let speaks = inbound.addressed || activation == GroupActivation::Always;
            if !speaks {
                Class::Context
            } else if text.trim().is_empty() {
                if attachments.is_empty() {
                    Class::Ignore
                } else {
                    Class::Refuse(Notice::MediaNotRead)
                }
            } else if text.chars().count() > characters_max {
                Class::Refuse(Notice::MessageTooLong { characters_max })
            } else {
                Class::Answer
            }
        }
        InboundEvent::ButtonPressed { .. } => Class::Answer,
        InboundEvent::Edited { .. } => Class::Edit,
        InboundEvent::Migrated { .. } => Class::Moved,
        InboundEvent::Membership { .. } | InboundEvent::Other { .. } => Class::Ignore,
    }
}

/// The text that an event adds to the conversation.
pub(crate) fn spoken_text(event: &InboundEvent) -> String {
    match event {
        InboundEvent::Message { text, quoted: Some(quoted), .. } if !quoted.is_empty() => {
            let quote: String =
                quoted.lines().map(|line| format!("> {line}\n")).collect::<Vec<_>>().concat();
            format!("{quote}\n{text}")
        }
        InboundEvent::Message { text, .. } | InboundEvent::Edited { text } => text.clone(),
        InboundEvent::Command { name, arguments } => format!("/{name} {arguments}"),
        InboundEvent::ButtonPressed { data, .. } => data.clone(),
        InboundEvent::Membership { .. }
        | InboundEvent::Migrated { .. }
        | InboundEvent::Other { .. } => String::new(),
    }
}

/// What a session does when something to answer arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// A turn starts now.
    Start,
    /// It waits for the running turn.
    Wait,
    /// It waits this long for more.
    Hold(Duration),
    /// The running turn is cancelled, and answered together with it.
    Interrupt,
}

/// A session as admission sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LaneView {
    /// A turn runs.
    pub(crate) running: bool,
    /// How long ago the oldest held message arrived; `None` when this is the first.
    pub(crate) held_for: Option<Duration>,
}

/// Decides by the agent's policy.
pub(crate) fn admit(
    policy: WhileBusy,
    lane: LaneView,
    window: Duration,
    window_max: Duration,
) -> Admission {
    match (policy, lane.running) {
        (WhileBusy::Interrupt, true) => Admission::Interrupt,
        (WhileBusy::Queue | WhileBusy::Debounce, true) => Admission::Wait,
        (WhileBusy::Debounce, false) => {
            let left = window_max.saturating_sub(lane.held_for.unwrap_or_default());
            if left.is_zero() { Admission::Start } else { Admission::Hold(window.min(left)) }
        }
        (WhileBusy::Queue | WhileBusy::Interrupt, false) => Admission::Start,
    }
}

/// How many of the waiting messages the next turn answers.
pub(crate) fn batch_size(policy: WhileBusy, waiting: usize) -> usize {
    match policy {
        WhileBusy::Queue => waiting.min(1),
        WhileBusy::Debounce | WhileBusy::Interrupt => waiting,
    }
}

/// Whether a stored message belongs to the context only: said in a group, to somebody else.
pub(crate) fn shown_name(kind: ConversationKind, inbound: &Inbound) -> Option<String> {
    match kind {
        ConversationKind::Direct => None,
        ConversationKind::Group => inbound.sender.display_name.clone(),
    }
}

/// Attachments of an event.
pub(crate) fn attachments(event: &InboundEvent) -> Vec<rookery_domain::message::Attachment> {
    match event {
        InboundEvent::Message { attachments, .. } => attachments.clone(),
        _ => Vec::new(),
    }
}

/// Whether a tenant's in-memory rows leave room for another page of its stored backlog.
pub(crate) const fn wants_page(in_memory: usize, rows_max: usize) -> bool {
    in_memory < rows_max
}

/// The messages of a stored history that are not the turn's own, for callers that bring theirs.
pub(crate) fn own_messages(
    history: Vec<Message>,
    turn: rookery_domain::id::TurnId,
) -> Vec<Message> {
    history.into_iter().filter(|message| message.turn_id == Some(turn)).collect()
}
