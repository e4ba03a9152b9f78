//! What a connected client sees of a session as it happens. Losing one costs a reload, nothing else.
//!
//! Numbers: a durable event of the session with outbox number `n` has `n << 20`; what is live only
//! (a growing answer, the end of a run) comes after the durable number it follows. So a client that
//! resumes after any number misses nothing durable, and the final message always replaces the parts.

use crate::id::{InboxId, SessionId};

const LIVE_BITS: u32 = 20;

/// The number of a durable event from the outbox row's sequence number.
pub const fn durable_seq(outbox_seq: i64) -> i64 {
    outbox_seq << LIVE_BITS
}

/// The outbox sequence number up to which a client that saw `event_seq` has everything.
pub const fn outbox_seq_of(event_seq: i64) -> i64 {
    event_seq >> LIVE_BITS
}

/// One live event.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveEvent {
    /// Its number within the session; rises.
    pub seq: i64,
    /// The runs (inbound rows) it belongs to.
    pub runs: Vec<InboxId>,
    /// What happened.
    pub body: LiveBody,
}

/// What happened in a session.
#[derive(Debug, Clone, PartialEq)]
pub enum LiveBody {
    /// The answer grew by this text.
    Delta {
        /// The new part.
        text: String,
    },
    /// A whole message; replaces all parts before it.
    Message {
        /// The text.
        text: String,
    },
    /// The run ended with a notice instead of an answer.
    Error {
        /// The stable code.
        code: String,
        /// For the person.
        text: String,
    },
    /// The run ended.
    Done {
        /// The outcome's name, as in the inbox.
        outcome: String,
        /// Tokens read and written by the run, when a model answered.
        input_tokens: u64,
        /// Tokens written.
        output_tokens: u64,
    },
}

/// Live events of one session, newest last.
pub type LiveStream = futures::stream::BoxStream<'static, LiveEvent>;

/// A session's place in the live fan-out.
pub type LiveTopic = SessionId;

#[cfg(test)]
mod tests {
    use super::{durable_seq, outbox_seq_of};

    #[test]
    fn a_live_number_falls_between_two_durable_ones() {
        let live = durable_seq(7) + 12;
        assert!(durable_seq(7) < live && live < durable_seq(8));
        assert_eq!(outbox_seq_of(live), 7);
    }
}
