//! Text with styles: one string and a list of runs that cover it.

use std::ops::Range;
use std::sync::Arc;

/// How a run of text is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Style {
    /// Bold, italic, struck through.
    pub(crate) emphasis: Emphasis,
    /// Part of a block quote.
    pub(crate) quote: bool,
    /// Shown as code, and then with no other style than a quote.
    pub(crate) code: CodeStyle,
    /// Leads to this address, which was checked.
    pub(crate) link: Option<Arc<str>>,
}

/// The emphases that may be combined freely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Emphasis {
    /// Bold.
    pub(crate) bold: bool,
    /// Italic.
    pub(crate) italic: bool,
    /// Struck through.
    pub(crate) strike: bool,
}

/// Whether text is code.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum CodeStyle {
    /// It is not.
    #[default]
    None,
    /// Within a line.
    Inline,
    /// A block, with the name of its language if one was given.
    Block(Option<Arc<str>>),
}

/// One string and the runs that cover it: in order, without gaps, neighbours differing in style.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct StyledText {
    text: String,
    runs: Vec<Run>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Run {
    end: usize,
    style: Style,
}

impl StyledText {
    /// Appends text in a style.
    pub(crate) fn push(&mut self, text: &str, style: &Style) {
        if text.is_empty() {
            return;
        }
        self.text.push_str(text);
        let end = self.text.len();
        match self.runs.last_mut() {
            Some(last) if last.style == *style => last.end = end,
            _ => self.runs.push(Run { end, style: style.clone() }),
        }
    }

    /// What is read when no style is shown.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The text of a range; empty if the range is not one of this text.
    pub(crate) fn slice(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or_default()
    }

    /// The number of the run that holds a byte offset.
    pub(crate) fn run_at(&self, offset: usize) -> usize {
        self.runs.partition_point(|run| run.end <= offset)
    }

    /// A run's range and style.
    pub(crate) fn run(&self, number: usize) -> Option<(Range<usize>, &Style)> {
        let run = self.runs.get(number)?;
        let start = match number.checked_sub(1) {
            Some(previous) => self.runs.get(previous)?.end,
            None => 0,
        };
        Some((start..run.end, &run.style))
    }

    /// The runs of a range, cut to it, in order.
    pub(crate) fn runs_in(&self, range: Range<usize>) -> impl Iterator<Item = (&str, &Style)> {
        (self.run_at(range.start)..)
            .map_while(|number| self.run(number))
            .take_while(move |(run, _)| run.start < range.end)
            .map(move |(run, style)| {
                let cut = run.start.max(range.start)..run.end.min(range.end);
                (self.slice(cut), style)
            })
    }
}
