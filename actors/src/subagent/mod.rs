//! One running turn: record it, ask the model, run its tools through the journal, commit the reply.
//!
//! The actor is the turn's life (limits, cancellation, crash); `turn.rs` is its work, in a task
//! beside the mailbox. What does not belong here: which message is answered when (the overseer's),
//! and sending (the channel actor's).

mod actor;
mod context;
mod conversation;
mod decide;
mod ending;
mod handle;
mod journal;
mod message;
pub(crate) mod outgoing;
mod preview;
mod progress;
mod report;
mod turn;

pub(crate) use actor::Subagent;
pub(crate) use conversation::Tally;
pub(crate) use ending::Bill;
pub(crate) use handle::SubagentHandle;
pub(crate) use progress::CancelReason;
pub(crate) use report::{TurnEnd, TurnReport};
pub(crate) use turn::{TurnInput, TurnSpec};

#[cfg(test)]
mod tests;
