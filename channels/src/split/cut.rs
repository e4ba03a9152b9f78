//! The cutter: fills a part, then goes back to the best place to stop.

use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;

/// What a piece of text costs against the limit of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Weight {
    /// Length in the platform's unit, marks and escapes included.
    pub(crate) units: usize,
    /// Styled runs, where the platform counts them.
    pub(crate) marks: usize,
}

impl Weight {
    /// Both sums.
    pub(crate) const fn plus(self, other: Self) -> Self {
        Self {
            units: self.units.saturating_add(other.units),
            marks: self.marks.saturating_add(other.marks),
        }
    }

    /// Whether neither exceeds the limit's.
    pub(crate) const fn fits(self, limit: Self) -> bool {
        self.units <= limit.units && self.marks <= limit.marks
    }

    /// Whether a part of this weight uses at least half of the limit.
    const fn is_half_of(self, limit: Self) -> bool {
        self.units.saturating_mul(2) >= limit.units || self.marks.saturating_mul(2) >= limit.marks
    }
}

/// How a platform measures.
pub(crate) trait Ruler {
    /// What the piece at a byte offset adds to its part; `first` if it begins the part and so
    /// carries the marks that are open there. Never less than what is written for it.
    fn weigh(&mut self, offset: usize, piece: &str, first: bool) -> Weight;

    /// Whether the offset lies within something that is better not cut, such as a code block.
    fn is_solid(&mut self, offset: usize) -> bool;
}

/// Places to stop, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Break {
    Paragraph,
    Line,
    Sentence,
    SolidLine,
    Word,
}

const BREAKS: [Break; 5] =
    [Break::Paragraph, Break::Line, Break::Sentence, Break::SolidLine, Break::Word];

/// Cuts a text into ranges that cover it in order. White space at a cut stays with the part before
/// it. Linear: a part is cut where at least half of the limit is used, or else as late as possible.
///
/// A single character that weighs more than the limit is a part of its own.
pub(crate) fn split(text: &str, limit: Weight, ruler: &mut impl Ruler) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = 0;
    while start < text.len() {
        let end = cut(text, start, limit, ruler);
        parts.push(start..end);
        start = end;
    }
    parts
}

fn cut(text: &str, start: usize, limit: Weight, ruler: &mut impl Ruler) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    let mut total = Weight::default();
    let mut found = [None::<usize>; BREAKS.len()];
    let mut before = "";
    let mut pieces = rest.grapheme_indices(true).peekable();
    while let Some((offset, piece)) = pieces.next() {
        let offset = start + offset;
        let weight = ruler.weigh(offset, piece, offset == start);
        if !total.plus(weight).fits(limit) {
            let best = found.into_iter().flatten().next();
            return best.unwrap_or_else(|| hard_cut(start, offset, piece, limit, ruler));
        }
        total = total.plus(weight);
        let after = pieces.peek().map_or("", |(_, piece)| *piece);
        if total.is_half_of(limit)
            && let Some(kind) = classify(before, piece, after, ruler.is_solid(offset))
            && let Some(slot) = BREAKS.iter().position(|candidate| *candidate == kind)
            && let Some(place) = found.get_mut(slot)
        {
            *place = Some(offset + piece.len());
        }
        before = piece;
    }
    text.len()
}

/// Stops before the piece that does not fit; a piece that fits no part at all is cut between its
/// characters.
fn hard_cut(
    start: usize,
    offset: usize,
    piece: &str,
    limit: Weight,
    ruler: &mut impl Ruler,
) -> usize {
    if offset > start {
        return offset;
    }
    let mut total = Weight::default();
    for (index, character) in piece.char_indices() {
        let end = index + character.len_utf8();
        let one = piece.get(index..end).unwrap_or_default();
        total = total.plus(ruler.weigh(offset + index, one, index == 0));
        if !total.fits(limit) && index > 0 {
            return offset + index;
        }
    }
    offset + piece.len()
}

/// What kind of place lies behind a piece.
fn classify(before: &str, piece: &str, after: &str, solid: bool) -> Option<Break> {
    match piece {
        // Only the last line feed of several is a place to stop.
        "\n" if after == "\n" => None,
        "\n" if solid => Some(Break::SolidLine),
        "\n" if before == "\n" => Some(Break::Paragraph),
        "\n" => Some(Break::Line),
        " " | "\t" if after == " " || after == "\t" => None,
        " " | "\t" if !solid && ends_sentence(before) => Some(Break::Sentence),
        " " | "\t" => Some(Break::Word),
        // Scripts that put no space behind a full stop.
        "。" | "！" | "？" if !solid => Some(Break::Sentence),
        _ => None,
    }
}

fn ends_sentence(piece: &str) -> bool {
    matches!(piece, "." | "!" | "?" | "…" | ":" | ";")
}
