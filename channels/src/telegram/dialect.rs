//! `MarkdownV2`: its marks, its escapes, and what they cost.
//!
//! Marks are opened and closed as a stack at every change of style. Within a quote they are closed
//! before each line feed and opened after the next quote sign: the platform ends a quote at a line
//! feed and refuses marks that are still open there.

use crate::markdown::{CodeStyle, Style, StyledText};
use crate::split::{Ruler, Weight};
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

/// The characters with a meaning outside of code.
const RESERVED: &str = "_*[]()~`>#+-=|{}.!\\";

#[derive(Debug, Clone, PartialEq, Eq)]
enum Mark {
    Bold,
    Italic,
    Strike,
    Link(Arc<str>),
    Code,
    Block(Option<Arc<str>>),
}

/// The marks of a style, outermost first. Code takes no other mark on this platform.
fn marks(style: &Style) -> Vec<Mark> {
    match &style.code {
        CodeStyle::Inline => return vec![Mark::Code],
        CodeStyle::Block(language) => return vec![Mark::Block(language.clone())],
        CodeStyle::None => {}
    }
    let emphasis = style.emphasis;
    let mut marks = Vec::new();
    if emphasis.bold {
        marks.push(Mark::Bold);
    }
    if emphasis.italic {
        marks.push(Mark::Italic);
    }
    if emphasis.strike {
        marks.push(Mark::Strike);
    }
    if let Some(address) = &style.link {
        marks.push(Mark::Link(Arc::clone(address)));
    }
    marks
}

impl Mark {
    fn open(&self, out: &mut String) {
        match self {
            Self::Bold => out.push('*'),
            Self::Italic => out.push('_'),
            Self::Strike => out.push('~'),
            Self::Link(_) => out.push('['),
            Self::Code => out.push('`'),
            Self::Block(language) => {
                out.push_str("```");
                out.push_str(language.as_deref().unwrap_or_default());
                out.push('\n');
            }
        }
    }

    fn close(&self, out: &mut String) {
        match self {
            Self::Bold => out.push('*'),
            Self::Italic => out.push('_'),
            Self::Strike => out.push('~'),
            Self::Link(address) => {
                out.push_str("](");
                for character in address.chars() {
                    if matches!(character, ')' | '\\') {
                        out.push('\\');
                    }
                    out.push(character);
                }
                out.push(')');
            }
            Self::Code => out.push('`'),
            Self::Block(_) => out.push_str("```"),
        }
    }
}

fn push_escaped(out: &mut String, character: char, in_code: bool) {
    if needs_escape(character, in_code) {
        out.push('\\');
    }
    out.push(character);
}

fn needs_escape(character: char, in_code: bool) -> bool {
    if in_code { matches!(character, '`' | '\\') } else { RESERVED.contains(character) }
}

/// A range of styled text in the dialect.
pub(super) fn markdown(styled: &StyledText, range: Range<usize>) -> String {
    let mut writer = Writer::default();
    for (text, style) in styled.runs_in(range) {
        writer.run(text, style);
    }
    writer.finish()
}

#[derive(Debug, Default)]
struct Writer {
    out: String,
    open: Vec<Mark>,
    in_quote: bool,
}

impl Writer {
    fn run(&mut self, text: &str, style: &Style) {
        let wanted = marks(style);
        let in_code = style.code != CodeStyle::None;
        if style.quote && !self.in_quote {
            self.close_to(0);
            self.out.push('>');
        }
        self.in_quote = style.quote;
        for character in text.chars() {
            if style.quote && character == '\n' {
                self.close_to(0);
                self.out.push_str("\n>");
            } else {
                self.switch(&wanted);
                push_escaped(&mut self.out, character, in_code);
            }
        }
    }

    /// Closes what is not wanted and opens what is missing.
    fn switch(&mut self, wanted: &[Mark]) {
        let shared =
            self.open.iter().zip(wanted).take_while(|(open, wanted)| open == wanted).count();
        self.close_to(shared);
        for mark in wanted.iter().skip(shared) {
            mark.open(&mut self.out);
            self.open.push(mark.clone());
        }
    }

    fn close_to(&mut self, depth: usize) {
        while self.open.len() > depth {
            if let Some(mark) = self.open.pop() {
                mark.close(&mut self.out);
            }
        }
    }

    fn finish(mut self) -> String {
        self.close_to(0);
        self.out
    }
}

/// A range of styled text without marks; an address stands behind its text unless it is its text.
pub(super) fn plain(styled: &StyledText, range: Range<usize>) -> String {
    let mut out = String::new();
    let mut link: Option<(Arc<str>, String)> = None;
    for (text, style) in styled.runs_in(range) {
        if link.as_ref().map(|(address, _)| address) != style.link.as_ref() {
            end_link(&mut out, link.take());
            link = style.link.as_ref().map(|address| (Arc::clone(address), String::new()));
        }
        out.push_str(text);
        if let Some((_, shown)) = &mut link {
            shown.push_str(text);
        }
    }
    end_link(&mut out, link);
    out
}

fn end_link(out: &mut String, link: Option<(Arc<str>, String)>) {
    let Some((address, shown)) = link else {
        return;
    };
    let same = address.trim_end_matches('/') == shown.trim_end_matches('/')
        || address.strip_prefix("mailto:") == Some(shown.as_str());
    if !same {
        // Writing to a string cannot fail.
        let _written = write!(out, " ({address})");
    }
}

/// Measures the dialect in UTF-16 units: never less than what [`markdown`] or [`plain`] writes.
#[derive(Debug)]
pub(super) struct MarkdownRuler<'a> {
    styled: &'a StyledText,
    run: usize,
}

impl<'a> MarkdownRuler<'a> {
    pub(super) fn new(styled: &'a StyledText) -> Self {
        Self { styled, run: 0 }
    }

    /// The run that holds an offset. Offsets come in order, with steps back at each cut.
    fn seek(&mut self, offset: usize) -> Option<(Range<usize>, &'a Style)> {
        let found = self.styled.run(self.run);
        if let Some((range, style)) = found
            && range.contains(&offset)
        {
            return Some((range, style));
        }
        self.run = self.styled.run_at(offset);
        self.styled.run(self.run)
    }
}

impl Ruler for MarkdownRuler<'_> {
    fn weigh(&mut self, offset: usize, piece: &str, first: bool) -> Weight {
        let mut total = Weight::default();
        for (index, character) in piece.char_indices() {
            let at = offset + index;
            let Some((range, style)) = self.seek(at) else {
                continue;
            };
            if (first && index == 0) || at == range.start {
                total = total.plus(marks_weight(style));
            }
            total = total.plus(character_weight(character, style));
        }
        total
    }

    fn is_solid(&mut self, offset: usize) -> bool {
        self.seek(offset).is_some_and(|(_, style)| matches!(style.code, CodeStyle::Block(_)))
    }
}

/// What a whole range costs as one part.
pub(super) fn weigh_range(styled: &StyledText, range: Range<usize>) -> Weight {
    let mut ruler = MarkdownRuler::new(styled);
    ruler.weigh(range.start, styled.slice(range), true)
}

fn character_weight(character: char, style: &Style) -> Weight {
    let escape = usize::from(needs_escape(character, style.code != CodeStyle::None));
    let own = Weight { units: character.len_utf16() + escape, marks: 0 };
    if style.quote && character == '\n' { own.plus(marks_weight(style)) } else { own }
}

/// Opening and closing every mark of a style, and the quote sign.
fn marks_weight(style: &Style) -> Weight {
    let quote = Weight { units: usize::from(style.quote), marks: usize::from(style.quote) };
    marks(style).iter().map(mark_weight).fold(quote, Weight::plus)
}

fn mark_weight(mark: &Mark) -> Weight {
    let units = match mark {
        Mark::Bold | Mark::Italic | Mark::Strike | Mark::Code => 2,
        Mark::Link(address) => {
            let escapes = address.matches([')', '\\']).count();
            4 + address.encode_utf16().count() + escapes
        }
        Mark::Block(language) => 7 + language.as_deref().map_or(0, str::len),
    };
    Weight { units, marks: 1 }
}
