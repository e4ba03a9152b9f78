//! The closed list of texts that a person reads when something did not work. Details stay in the
//! log under the same code. Each code has a line in `docs/reference/errors.md`.

use crate::time::Timestamp;

/// Why a person gets a notice instead of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// Every model of the route is busy or down.
    ModelBusy,
    /// A model broke off and no other could take over.
    ModelInterrupted,
    /// No model is set up, or its key is refused.
    ModelUnavailable,
    /// The conversation does not fit the model.
    ContextTooLong,
    /// The provider's filter refused.
    Filtered,
    /// The turn reached its time limit.
    TookTooLong,
    /// The tenant's daily messages are used up.
    MessagesUsedUp {
        /// When there are more.
        resets_at: Timestamp,
    },
    /// The tenant's daily tokens are used up.
    TokensUsedUp {
        /// When there are more.
        resets_at: Timestamp,
    },
    /// The message made its turn crash again and again.
    Unprocessable,
    /// Only media, which this version stores and does not read.
    MediaNotRead,
    /// The message is longer than the limit.
    MessageTooLong {
        /// The limit, in characters.
        characters_max: usize,
    },
}

impl Notice {
    /// The short code under which an operator finds the details.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ModelBusy => "E-101",
            Self::ModelInterrupted => "E-102",
            Self::ModelUnavailable => "E-103",
            Self::ContextTooLong => "E-104",
            Self::Filtered => "E-105",
            Self::TookTooLong => "E-106",
            Self::MessagesUsedUp { .. } => "E-201",
            Self::TokensUsedUp { .. } => "E-202",
            Self::Unprocessable => "E-301",
            Self::MediaNotRead => "E-302",
            Self::MessageTooLong { .. } => "E-303",
        }
    }

    /// What the person reads: never a provider's words, always a next step.
    pub fn text(&self) -> String {
        let body = match self {
            Self::ModelBusy => {
                "I'm too busy to answer right now. Please try again in a few minutes.".to_owned()
            }
            Self::ModelInterrupted => {
                "I was cut off while answering. Please send that again.".to_owned()
            }
            Self::ModelUnavailable => {
                "I can't answer until my setup is fixed. The team can see why under this code."
                    .to_owned()
            }
            Self::ContextTooLong => {
                "This conversation got too long for me. Send /new to start a fresh one.".to_owned()
            }
            Self::Filtered => "I can't answer that one. Please try another wording.".to_owned(),
            Self::TookTooLong => {
                "That took longer than I'm allowed. Please try a smaller question.".to_owned()
            }
            Self::MessagesUsedUp { resets_at } => format!(
                "Today's messages are used up. There are more from {} UTC.",
                short_time(*resets_at)
            ),
            Self::TokensUsedUp { resets_at } => format!(
                "I've used up what I may use today. I can answer again from {} UTC.",
                short_time(*resets_at)
            ),
            Self::Unprocessable => {
                "I could not process that message. Please try it in other words.".to_owned()
            }
            Self::MediaNotRead => {
                "I can't read files or media yet. Please write it as text.".to_owned()
            }
            Self::MessageTooLong { characters_max } => format!(
                "That message is too long for me. Please keep it under {characters_max} characters."
            ),
        };
        format!("{body} ({})", self.code())
    }
}

fn short_time(time: Timestamp) -> String {
    time.to_rfc3339().replace('T', " ").chars().take(16).collect()
}

#[cfg(test)]
mod tests {
    use super::Notice;
    use crate::time::Timestamp;

    #[test]
    fn a_notice_names_its_code_and_a_date_where_it_has_one() {
        let notice = Notice::MessagesUsedUp { resets_at: Timestamp::from_millis(86_400_000) };
        assert_eq!(
            notice.text(),
            "Today's messages are used up. There are more from 1970-01-02 00:00 UTC. (E-201)"
        );
    }
}
