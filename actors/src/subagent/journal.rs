//! The turn's journal: what a successor needs to go on without doing anything twice.

use super::progress::Progress;
use super::turn::TurnSpec;
use crate::patience::patiently_alive;
use crate::shared::Shared;
use rookery_domain::id::TurnId;
use rookery_domain::model::{ModelMessage, ToolCall};
use rookery_domain::ownership::Lease;
use rookery_domain::ports::StoreError;
use rookery_domain::turn::TurnStep;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Writes steps in order.
#[derive(Debug)]
pub(super) struct Journal {
    shared: Shared,
    lease: Lease,
    turn_id: TurnId,
    progress: Arc<Progress>,
    next: AtomicU32,
}

impl Journal {
    pub(super) fn new(
        shared: &Shared,
        spec: &TurnSpec,
        progress: &Arc<Progress>,
        next_index: u32,
    ) -> Self {
        Self {
            shared: shared.clone(),
            lease: spec.lease,
            turn_id: spec.turn_id,
            progress: Arc::clone(progress),
            next: AtomicU32::new(next_index),
        }
    }

    /// Adds steps; durable when it returns.
    pub(super) async fn write(&self, steps: Vec<TurnStep>) -> Result<(), StoreError> {
        let count = u32::try_from(steps.len()).unwrap_or(u32::MAX);
        let first = self.next.fetch_add(count, Ordering::SeqCst);
        let turns = &self.shared.services.turns;
        let alive = || self.progress.beat();
        patiently_alive(&self.shared, alive, || {
            turns.journal(&self.lease, self.turn_id, first, steps.clone())
        })
        .await
    }
}

/// What is known of the message that shows an answer growing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Stream {
    /// None was opened.
    #[default]
    None,
    /// One was about to be opened; whether it is there, nobody knows.
    Doubtful,
    /// It is there, under this id of the platform's.
    Open(String),
}

impl Stream {
    /// Its id, if it is known to be there.
    pub(super) fn message(&self) -> Option<&str> {
        match self {
            Self::Open(message) => Some(message),
            Self::None | Self::Doubtful => None,
        }
    }
}

/// What a journal says about a turn that is to go on.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Replay {
    /// The conversation since the turn began.
    pub(super) messages: Vec<ModelMessage>,
    /// Calls without a result, and whether each was begun.
    pub(super) open_calls: Vec<(ToolCall, bool)>,
    /// The message that showed the answer growing.
    pub(super) stream: Stream,
    /// Model calls made.
    pub(super) model_calls: u32,
}

/// Reads a journal back. Pure.
pub(super) fn replay(steps: &[TurnStep]) -> Replay {
    let mut replay = Replay::default();
    for step in steps {
        match step {
            TurnStep::Completion { text, tool_calls, .. } => {
                replay.model_calls += 1;
                replay.messages.push(ModelMessage::Assistant {
                    text: text.clone(),
                    tool_calls: tool_calls.clone(),
                });
                replay.open_calls = tool_calls.iter().map(|call| (call.clone(), false)).collect();
            }
            TurnStep::ToolStarted { call_id } => {
                for (call, begun) in &mut replay.open_calls {
                    *begun |= call.id == *call_id;
                }
            }
            TurnStep::ToolResult { call_id, name, content } => {
                replay.open_calls.retain(|(call, _)| call.id != *call_id);
                replay.messages.push(ModelMessage::Tool {
                    call_id: call_id.clone(),
                    name: name.clone(),
                    content: content.clone(),
                });
            }
            TurnStep::StreamOpening => replay.stream = Stream::Doubtful,
            TurnStep::StreamOpened { platform_message_id } => {
                replay.stream = Stream::Open(platform_message_id.clone());
            }
        }
    }
    replay
}
