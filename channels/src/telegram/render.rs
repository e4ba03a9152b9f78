//! A reply into `MarkdownV2` parts, each with the plain text that stands in when the platform
//! refuses the marks.

use super::dialect::{self, MarkdownRuler};
use crate::markdown::{self, Style, StyledText};
use crate::split::{Weight, split};
use std::ops::Range;

/// Longest text of one message, in UTF-16 units. The platform counts after it has read the marks;
/// here escapes and marks count too, so that the text fits however it is counted.
pub(super) const MESSAGE_UNITS_MAX: usize = 4_096;
/// Styled runs that the platform keeps in one message; it drops the rest without a word.
const MESSAGE_MARKS_MAX: usize = 100;
/// Longest reply that is rendered, in bytes. What is beyond it is replaced by a note, so that a
/// hostile or runaway reply costs bounded time and a bounded number of messages.
pub(super) const REPLY_BYTES_MAX: usize = 256 * 1_024;
/// Messages of one reply. Dense marks make short messages; at a message a second this is patience
/// enough.
pub(super) const MESSAGES_MAX: usize = 150;
/// A growing reply is shown as its newest pieces of this size, so that it scrolls and does not jump.
const PREVIEW_STEP_UNITS: usize = 1_024;
const PREVIEW_EMPTY: &str = "…";
const PREVIEW_CUT: &str = "…\n";

const LIMIT: Weight = Weight { units: MESSAGE_UNITS_MAX, marks: MESSAGE_MARKS_MAX };

/// One message as it is stored in the outbox.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Part {
    /// In the platform's dialect.
    pub(super) markdown: String,
    /// Without marks.
    pub(super) plain: String,
}

/// The parts of a reply, in order. None of a blank reply.
pub(super) fn render(source: &str) -> Vec<Part> {
    let styled = read_bounded(source);
    let mut shown = ranges(&styled, LIMIT);
    shown.retain(|range| !styled.slice(range.clone()).trim().is_empty());
    let is_cut = shown.len() > MESSAGES_MAX;
    shown.truncate(if is_cut { MESSAGES_MAX - 1 } else { MESSAGES_MAX });
    let mut parts: Vec<Part> = shown.into_iter().map(|range| part(&styled, range)).collect();
    if is_cut {
        let note = note(&format!("a reply is at most {MESSAGES_MAX} messages"));
        parts.push(part(&note, 0..note.text().len()));
    }
    parts
}

fn note(reason: &str) -> StyledText {
    let mut styled = StyledText::default();
    styled.push(&format!("[The rest was left out: {reason}.]"), &Style::default());
    styled
}

/// The newest of a growing reply that fits one message.
pub(super) fn render_preview(source: &str) -> Part {
    let styled = read_bounded(source);
    let room = Weight { units: MESSAGE_UNITS_MAX - PREVIEW_CUT.encode_utf16().count(), ..LIMIT };
    let step = Weight { units: PREVIEW_STEP_UNITS, marks: MESSAGE_MARKS_MAX / 4 };
    let pieces = ranges(&styled, step);
    let mut start = styled.text().len();
    for piece in pieces.into_iter().rev() {
        let candidate = piece.start..styled.text().len();
        if !dialect::weigh_range(&styled, candidate).fits(room) {
            break;
        }
        start = piece.start;
    }
    let shown = start..styled.text().len();
    if styled.slice(shown.clone()).trim().is_empty() {
        return Part { markdown: PREVIEW_EMPTY.to_owned(), plain: PREVIEW_EMPTY.to_owned() };
    }
    let mut newest = part(&styled, shown);
    if start > 0 {
        newest.markdown.insert_str(0, PREVIEW_CUT);
        newest.plain.insert_str(0, PREVIEW_CUT);
    }
    newest
}

fn ranges(styled: &StyledText, limit: Weight) -> Vec<Range<usize>> {
    split(styled.text(), limit, &mut MarkdownRuler::new(styled))
}

fn part(styled: &StyledText, range: Range<usize>) -> Part {
    Part {
        markdown: dialect::markdown(styled, range.clone()),
        plain: dialect::plain(styled, range),
    }
}

fn read_bounded(source: &str) -> StyledText {
    let kept = source.get(..source.floor_char_boundary(REPLY_BYTES_MAX)).unwrap_or(source);
    let mut styled = markdown::read(kept);
    if kept.len() < source.len() {
        let note = note(&format!("a reply is at most {REPLY_BYTES_MAX} bytes"));
        styled.push("\n\n", &Style::default());
        styled.push(note.text(), &Style::default());
    }
    styled
}
