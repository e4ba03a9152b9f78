//! The one text of a completion, made of deltas that a whole message later replaces.
//!
//! OpenAI's stream can only grow, so what was sent stays: when a whole message differs from the
//! deltas before it (the agent thought aloud before it used a tool, a turn was resumed), as much
//! of it is sent as does not continue what was already said.

/// What was said so far.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    /// Whole messages.
    said: String,
    /// Deltas since the last whole message.
    growing: String,
}

impl Assembly {
    /// Takes a delta and returns what the client's text grows by.
    pub(super) fn grow(&mut self, delta: &str) -> String {
        let separator = self.separator();
        self.growing.push_str(delta);
        format!("{separator}{delta}")
    }

    /// Takes a whole message and returns what the client's text grows by.
    pub(super) fn finish(&mut self, message: &str) -> String {
        let grown = if self.growing.is_empty() {
            format!("{}{message}", self.separator())
        } else {
            let known = overlap(&self.growing, message);
            let rest = message.get(known..).unwrap_or(message);
            let separator = if known == 0 && !rest.is_empty() { "\n\n" } else { "" };
            format!("{separator}{rest}")
        };
        if !self.said.is_empty() {
            self.said.push_str("\n\n");
        }
        self.said.push_str(message);
        self.growing.clear();
        grown
    }

    /// The whole messages, without what they replaced.
    pub(super) fn text(&self) -> &str {
        &self.said
    }

    fn separator(&self) -> &'static str {
        if self.growing.is_empty() && !self.said.is_empty() { "\n\n" } else { "" }
    }
}

/// Length in bytes of the longest start of `message` that `said` ends with, in linear time
/// (Knuth–Morris–Pratt). Both are UTF-8, so it falls between two characters.
fn overlap(said: &str, message: &str) -> usize {
    let pattern = message.as_bytes();
    let borders = borders(pattern);
    said.bytes().fold(0, |matched, byte| {
        // A full match goes on as its longest border: what counts is the end of `said`.
        let start = if matched == pattern.len() { border(&borders, matched) } else { matched };
        step(pattern, &borders, start, byte)
    })
}

fn borders(pattern: &[u8]) -> Vec<usize> {
    let mut borders = Vec::with_capacity(pattern.len());
    let mut matched = 0;
    for (index, byte) in pattern.iter().enumerate() {
        if index > 0 {
            matched = step(pattern, &borders, matched, *byte);
        }
        borders.push(matched);
    }
    borders
}

fn step(pattern: &[u8], borders: &[usize], mut matched: usize, byte: u8) -> usize {
    while matched > 0 && pattern.get(matched) != Some(&byte) {
        matched = border(borders, matched);
    }
    if pattern.get(matched) == Some(&byte) { matched + 1 } else { 0 }
}

fn border(borders: &[usize], length: usize) -> usize {
    length.checked_sub(1).and_then(|last| borders.get(last)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{Assembly, overlap};
    use proptest::prelude::*;

    fn naive(said: &str, message: &str) -> usize {
        (0..=message.len())
            .rev()
            .filter(|length| message.is_char_boundary(*length))
            .find(|length| said.ends_with(&message[..*length]))
            .unwrap_or(0)
    }

    proptest! {
        #[test]
        fn the_overlap_is_the_longest_one(said in "[abü]{0,12}", message in "[abü]{0,12}") {
            prop_assert_eq!(overlap(&said, &message), naive(&said, &message));
        }

        #[test]
        fn deltas_and_their_message_make_the_message(parts in prop::collection::vec("[a-zü ]{1,5}", 1..6)) {
            let mut assembly = Assembly::default();
            let mut client: String = parts.iter().map(|part| assembly.grow(part)).collect();
            let whole = parts.concat();
            client.push_str(&assembly.finish(&whole));
            prop_assert_eq!(&client, &whole);
            prop_assert_eq!(assembly.text(), &whole);
        }
    }

    #[test]
    fn a_lost_end_of_the_deltas_comes_with_the_message() {
        let mut assembly = Assembly::default();
        assert_eq!(assembly.grow("Hello "), "Hello ");
        assert_eq!(assembly.finish("Hello world"), "world");
    }

    #[test]
    fn thinking_aloud_before_a_tool_is_not_repeated_after_it() {
        let mut assembly = Assembly::default();
        assembly.grow("Let me look. ");
        assembly.grow("It is 5.");
        assert_eq!(assembly.finish("It is 5."), "");
        assert_eq!(assembly.text(), "It is 5.");
    }

    #[test]
    fn an_unrelated_message_and_a_second_one_stand_apart() {
        let mut assembly = Assembly::default();
        assembly.grow("xyz");
        assert_eq!(assembly.finish("abc"), "\n\nabc");
        assert_eq!(assembly.finish("def"), "\n\ndef");
        assert_eq!(assembly.text(), "abc\n\ndef");
    }
}
