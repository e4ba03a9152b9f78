//! The renderer against a reader of the dialect written from the platform's documentation, which
//! knows nothing of the writer.

use super::super::render::{
    MESSAGE_UNITS_MAX, MESSAGES_MAX, Part, REPLY_BYTES_MAX, render, render_preview,
};
use crate::markdown;
use proptest::prelude::*;
use std::iter::Peekable;
use std::str::Chars;

/// What the platform would show, or why it would refuse.
fn shown(dialect: &str) -> Result<String, String> {
    let mut reader = Reader {
        rest: dialect.chars().peekable(),
        visible: String::new(),
        open: Vec::new(),
        in_quote: false,
        at_line_start: true,
    };
    while let Some(character) = reader.rest.next() {
        reader.read(character)?;
    }
    if reader.open.is_empty() {
        Ok(reader.visible)
    } else {
        Err(format!("{:?} left open", reader.open))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opened {
    Mark(char),
    Link,
    Code,
    Block,
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
    visible: String,
    open: Vec<Opened>,
    in_quote: bool,
    at_line_start: bool,
}

impl Reader<'_> {
    fn read(&mut self, character: char) -> Result<(), String> {
        let at_line_start = std::mem::replace(&mut self.at_line_start, character == '\n');
        match (character, self.open.last()) {
            ('\\', _) => {
                let escaped = self.rest.next().ok_or("a lone backslash")?;
                self.visible.push(escaped);
            }
            ('`', Some(Opened::Code)) => drop(self.open.pop()),
            ('`', Some(Opened::Block)) => {
                self.expect("``")?;
                self.open.pop();
            }
            (other, Some(Opened::Code | Opened::Block)) => self.visible.push(other),
            ('>', _) if at_line_start => self.in_quote = true,
            ('\n', _) => self.line_feed()?,
            ('*' | '_' | '~', _) => self.mark(character)?,
            ('[', _) => self.open.push(Opened::Link),
            (']', Some(Opened::Link)) => self.address()?,
            ('`', _) => self.code()?,
            (other, _) if "_*[]()~`>#+-=|{}.!".contains(other) => {
                return Err(format!("{other} is not escaped"));
            }
            (other, _) => self.visible.push(other),
        }
        Ok(())
    }

    fn expect(&mut self, text: &str) -> Result<(), String> {
        for wanted in text.chars() {
            if self.rest.next() != Some(wanted) {
                return Err(format!("{wanted} is missing"));
            }
        }
        Ok(())
    }

    fn line_feed(&mut self) -> Result<(), String> {
        self.visible.push('\n');
        if self.in_quote && self.rest.peek() != Some(&'>') {
            self.in_quote = false;
            if !self.open.is_empty() {
                return Err(format!("{:?} open at the end of a quote", self.open));
            }
        }
        Ok(())
    }

    fn mark(&mut self, sign: char) -> Result<(), String> {
        if sign == '_' && self.rest.peek() == Some(&'_') {
            return Err("an underline nobody wrote".to_owned());
        }
        let mark = Opened::Mark(sign);
        if self.open.last() == Some(&mark) {
            self.open.pop();
        } else if self.open.contains(&mark) {
            return Err(format!("{sign} closes out of order"));
        } else {
            self.open.push(mark);
        }
        Ok(())
    }

    fn address(&mut self) -> Result<(), String> {
        self.open.pop();
        self.expect("(")?;
        loop {
            match self.rest.next().ok_or("an open address")? {
                '\\' => drop(self.rest.next()),
                ')' => return Ok(()),
                _ => {}
            }
        }
    }

    fn code(&mut self) -> Result<(), String> {
        if self.rest.peek() != Some(&'`') {
            self.open.push(Opened::Code);
            return Ok(());
        }
        self.expect("``")?;
        let _end_of_language = self.rest.find(|character| *character == '\n');
        self.open.push(Opened::Block);
        Ok(())
    }
}

fn only(source: &str) -> Part {
    let mut parts = render(source);
    assert_eq!(parts.len(), 1, "{parts:?}");
    parts.remove(0)
}

#[test]
fn every_construct_has_its_marks_and_escapes() {
    for (source, expected) in [
        ("Hi. 1+1=2!", r"Hi\. 1\+1\=2\!"),
        ("**b** _i_ ~~s~~ `c.`", "*b* _i_ ~s~ `c.`"),
        ("# Title", "*Title*"),
        ("**bold _both_**_i_", "*bold _both_*_i_"),
        ("[a.b](https://example.com/x_(y)z)", r"[a\.b](https://example.com/x_(y\)z)"),
        ("> q **b**\n> r\n\nafter", ">q *b*\n>r\n\nafter"),
        ("> **a\n> b**", ">*a*\n>*b*"),
        ("```rust\nlet a = `b`;\\n\n```", "```rust\nlet a = \\`b\\`;\\\\n```"),
        ("- a\n- b", "• a\n• b"),
        ("1. a\n2. b", "1\\. a\n2\\. b"),
        ("![alt](https://example.com/i.png)", "[alt](https://example.com/i.png)"),
        ("[x](javascript:alert\\(1\\))", "x"),
        ("<b>html</b>", r"<b\>html</b\>"),
        ("a ||b|| __c__", "a \\|\\|b\\|\\| *c*"),
    ] {
        let part = only(source);
        assert_eq!(part.markdown, expected, "{source}");
        shown(&part.markdown).unwrap();
    }
}

#[test]
fn the_plain_form_keeps_addresses_and_drops_marks() {
    assert_eq!(
        only("**See** [the docs](https://example.com/a) or <https://example.com/>").plain,
        "See the docs (https://example.com/a) or https://example.com/"
    );
}

#[test]
fn a_blank_reply_has_no_parts_and_a_blank_preview_a_sign_of_life() {
    assert_eq!(render(" \n\u{200b}"), Vec::new());
    assert_eq!(render_preview("").plain, "…");
}

#[test]
fn a_text_at_the_limit_is_one_part_and_one_more_unit_makes_two() {
    assert_eq!(render(&"a".repeat(MESSAGE_UNITS_MAX)).len(), 1);
    assert_eq!(render(&"a".repeat(MESSAGE_UNITS_MAX + 1)).len(), 2);
    assert_eq!(render(&"😀".repeat(MESSAGE_UNITS_MAX / 2)).len(), 1);
    assert_eq!(render(&"😀".repeat(MESSAGE_UNITS_MAX / 2 + 1)).len(), 2);
    assert_eq!(render(&".".repeat(MESSAGE_UNITS_MAX / 2)).len(), 1);
    assert_eq!(render(&".".repeat(MESSAGE_UNITS_MAX / 2 + 1)).len(), 2);
}

#[test]
fn a_long_code_block_is_closed_and_opened_again_with_its_language() {
    let code = "let answer = 42;\n".repeat(600);
    let parts = render(&format!("Here:\n\n```rust\n{code}```\n\nDone."));
    assert!(parts.len() > 2);
    for part in &parts {
        assert_eq!(part.markdown.matches("```").count() % 2, 0);
        assert!(part.markdown.contains("```rust\n"));
        shown(&part.markdown).unwrap();
    }
    let joined: String = parts.iter().map(|part| part.plain.as_str()).collect();
    assert_eq!(joined, format!("Here:\n\n{}\n\nDone.", code.trim_end()));
}

#[test]
fn more_runs_than_one_message_keeps_make_more_messages() {
    let parts = render(&"**a** b ".repeat(150));
    assert_eq!(parts.len(), 2);
}

#[test]
fn a_preview_is_the_newest_text_that_fits() {
    let text = (0..2_000).map(|n| format!("word{n}")).collect::<Vec<_>>().join(" ");
    let part = render_preview(&text);
    assert!(part.plain.trim_end().ends_with("word1999"));
    assert!(part.plain.starts_with("…\n"));
    assert!(part.markdown.encode_utf16().count() <= MESSAGE_UNITS_MAX);
    assert!(part.markdown.encode_utf16().count() > MESSAGE_UNITS_MAX / 2);
    assert_eq!(render_preview("short **b**").markdown, "short *b*");
    assert_eq!(render_preview("```py\nopen").markdown, "```py\nopen```");
}

#[test]
fn a_reply_over_its_limit_is_cut_with_a_note() {
    let parts = render(&"a ".repeat(REPLY_BYTES_MAX));
    assert!(parts.last().unwrap().plain.contains("The rest was left out"));
    let whole = render(&"a ".repeat(REPLY_BYTES_MAX / 2));
    assert!(!whole.last().unwrap().plain.contains("left out"));
}

#[test]
fn a_reply_of_many_small_runs_stops_at_the_limit_of_messages() {
    let dense = |runs: usize| render(&"> a\n> *b*\n".repeat(runs));
    let parts = dense(20_000);
    assert_eq!(parts.len(), MESSAGES_MAX);
    assert!(parts.last().unwrap().plain.contains("The rest was left out"));
    assert!(parts.iter().rev().skip(1).all(|part| !part.plain.contains("left out")));
    assert!(dense(1_000).len() < MESSAGES_MAX);
}

#[test]
fn ten_megabytes_of_open_marks_are_dealt_with_at_once() {
    for pattern in [
        "****",
        "[[[[",
        "![![",
        "> > ",
        "- - ",
        "`` `",
        "<a <",
        "|-|\n",
        "***a_",
        "[a](",
        "[a]: b\n",
        "<!--",
        "&amp",
        "1) ",
        "\\",
        "*a_ ",
        "a**b",
        "```\n>",
        "~~a~",
        "<?",
        "]]>",
        "![a](b",
        "- \n",
        "a\n> ",
        "[x][y]",
        "\n\n",
        "|a",
        "\t",
        "e\u{301}\u{301}",
    ] {
        let source = pattern.repeat(10 * 1_024 * 1_024 / pattern.len());
        let started = tokio::time::Instant::now();
        let parts = render(&source);
        // Debug builds are about twenty times slower than the 100 ms of the promise.
        assert!(started.elapsed() < std::time::Duration::from_secs(6), "{pattern}");
        for part in parts {
            assert!(part.markdown.encode_utf16().count() <= MESSAGE_UNITS_MAX);
        }
    }
}

fn fits_and_shows_the_whole(source: &str) -> Result<(), TestCaseError> {
    let mut joined = String::new();
    for part in render(source) {
        prop_assert!(part.markdown.encode_utf16().count() <= MESSAGE_UNITS_MAX);
        prop_assert!(part.plain.encode_utf16().count() <= MESSAGE_UNITS_MAX);
        match shown(&part.markdown) {
            Ok(visible) => joined.push_str(&visible),
            Err(error) => prop_assert!(false, "{error} in {:?}", part.markdown),
        }
    }
    let without_blanks = |text: &str| text.split_whitespace().collect::<String>();
    prop_assert_eq!(without_blanks(&joined), without_blanks(markdown::read(source).text()));
    Ok(())
}

proptest! {
    #[test]
    fn parts_fit_are_valid_and_show_the_whole(
        source in "([a-c 😀é.!]{0,20}|\\*\\*|_|~~|`|```rs\n|\n```\n|\n\n|\n> |\n- |\n1\\. |\\[|\\]\\(https://example.com/\\)|\\(|<b>|\\\\|\\|a\\|b\\|\n\\|-\\|-\\|\n\\|c\\|d\\|\n){0,60}",
    ) {
        fits_and_shows_the_whole(&source)?;
    }

    #[test]
    fn long_parts_fit_are_valid_and_show_the_whole(
        pieces in prop::collection::vec("[a-z]{1,12}( |\\. |\n|\n\n)|\\*\\*[a-z ]{1,9}\\*\\* |`[a-z.]{1,9}` |\n> [a-z_]{1,30}\n\n|\n```js\n([a-z();]{1,20}\n){1,9}```\n|\\[[a-z]{1,9}\\]\\(https://example.com/[a-z]{1,40}\\) ", 1..40),
        repeat in 1_usize..60,
    ) {
        fits_and_shows_the_whole(&pieces.concat().repeat(repeat))?;
    }
}
