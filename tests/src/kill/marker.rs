//! How a message is named in the texts it leads to.

/// What stands before the name in every message and in its echo.
const LEAD: &str = "please repeat ";
const OPENING: &str = "m:";
const CLOSING: &str = ":end";

/// The name of the n-th message of a conversation. Its end is marked, so that a cut text never
/// passes for a whole one.
pub(super) fn marker(conversation: &str, ordinal: u64) -> String {
    format!("{OPENING}{conversation}:{ordinal}{CLOSING}")
}

/// The text that a person sends.
pub(super) fn text(marker: &str, manner: Manner) -> String {
    let directive = match manner {
        Manner::Tool => " [tool calculator {\"expression\":\"6*7\"}]",
        Manner::Slow => " [words 30] [pause 40]",
        Manner::Plain => "",
    };
    format!("{LEAD}{marker}{directive}")
}

/// How a message is to be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// At once.
    Plain,
    /// With the help of a tool.
    Tool,
    /// Word by word, so slowly that the answer is shown as it grows.
    Slow,
}

impl Manner {
    /// A mix that every round of messages has.
    pub(super) const fn of(count: u64) -> Self {
        match count % 16 {
            3 | 8 | 13 => Self::Tool,
            10 => Self::Slow,
            _ => Self::Plain,
        }
    }
}

/// The name in a reply, if it is whole.
pub(super) fn find(text: &str) -> Option<&str> {
    let from = text.find(OPENING)?;
    let rest = text.get(from..)?;
    let end = rest.find(CLOSING)? + CLOSING.len();
    rest.get(..end)
}

/// Whether a text without a whole name is the beginning of an answer.
pub(super) fn is_fragment(text: &str) -> bool {
    let whole = format!("echo: {LEAD}{OPENING}");
    text.starts_with(&whole) || whole.starts_with(text.trim_end())
}

#[cfg(test)]
mod tests {
    use super::{Manner, find, is_fragment, marker, text};

    #[test]
    fn a_name_is_found_whole_or_not_at_all() {
        let name = marker("t3", 12);
        let reply = format!("echo: {}", text(&name, Manner::Tool));
        assert_eq!(find(&reply), Some(name.as_str()));
        assert_eq!(find("echo: please repeat m:t3:1"), None);
        assert!(is_fragment("echo: please repeat m:t3:1"));
        assert!(is_fragment("echo: "));
        assert!(!is_fragment("I'm too busy to answer right now. (E-101)"));
    }
}
