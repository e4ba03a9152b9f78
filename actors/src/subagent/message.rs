//! What a subagent is told.

use super::progress::CancelReason;
use super::report::TurnEnd;

/// Messages of a subagent.
#[derive(Debug)]
pub(crate) enum SubagentMessage {
    /// Start the work; always the first message.
    Run,
    /// Cancel the work; it still commits its end.
    Cancel(CancelReason),
    /// Look at the limits.
    Check,
    /// The work returned.
    Finished(TurnEnd),
}

impl ractor::Message for SubagentMessage {}
