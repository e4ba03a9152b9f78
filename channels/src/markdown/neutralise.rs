//! Characters that deceive a reader or a terminal are left out of what is shown.

const BLACK_FLAG: char = '\u{1F3F4}';
const TAGS: std::ops::RangeInclusive<char> = '\u{E0020}'..='\u{E007F}';

/// The text without control characters, direction overrides, invisible fillers and hidden tags.
///
/// Kept: line feeds and tabs; the joiners, which scripts and emoji need; the direction *marks*, which
/// right-to-left text needs and which override nothing; tags that spell a flag.
pub(super) fn neutralise(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut in_flag = false;
    for character in text.chars() {
        in_flag = character == BLACK_FLAG || (in_flag && TAGS.contains(&character));
        if in_flag || !deceives(character) {
            kept.push(character);
        }
    }
    kept
}

fn deceives(character: char) -> bool {
    // Zero-width space, word joiner, invisible operators and the byte order mark show nothing.
    let is_filler = matches!(
        character,
        '\u{200B}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}' | '\u{00AD}' | '\u{180E}'
    );
    // Embeddings, overrides and isolates change the order in which the rest is read.
    let reorders = matches!(character, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{206F}');
    // These separators break a line where no renderer expects it.
    let is_separator = matches!(character, '\u{2028}' | '\u{2029}');
    let is_tag = matches!(character, '\u{E0000}'..='\u{E007F}');
    let is_control = character.is_control() && !matches!(character, '\n' | '\t');
    is_filler || reorders || is_separator || is_tag || is_control
}

#[cfg(test)]
mod tests {
    use super::neutralise;

    #[test]
    fn terminal_escapes_overrides_and_fillers_are_left_out() {
        assert_eq!(
            neutralise("a\u{1b}[31mb\u{202e}c\u{200b}d\u{0}\r\n\te\u{9b}f"),
            "a[31mbcd\n\tef"
        );
        assert_eq!(neutralise("hi\u{E0041}\u{E0042}"), "hi");
    }

    #[test]
    fn joined_emoji_persian_and_flags_stay_whole() {
        let family = "👨\u{200d}👩\u{200d}👧";
        let persian = "می\u{200c}خواهم";
        let scotland = "\u{1F3F4}\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}";
        for text in [family, persian, scotland] {
            assert_eq!(neutralise(text), text);
        }
    }
}
