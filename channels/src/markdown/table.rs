//! Tables as aligned text: chat platforms have none, a code block keeps the columns readable.

/// A column is padded up to this many characters; a wider cell is shown whole and unaligned, so
/// that padding never multiplies a hostile table.
const COLUMN_CHARACTERS_MAX: usize = 32;

/// Padding may make a table this many times longer than its cells; beyond it nothing is padded.
const PADDING_FACTOR_MAX: usize = 4;

/// Rows of cells while a table is read.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
    cell: String,
    head_rows: usize,
}

impl Table {
    pub(super) fn text(&mut self, text: &str) {
        self.cell.push_str(text);
    }

    pub(super) fn end_cell(&mut self) {
        let cell = std::mem::take(&mut self.cell);
        if self.rows.is_empty() {
            self.rows.push(Vec::new());
        }
        if let Some(row) = self.rows.last_mut() {
            row.push(cell.trim().to_owned());
        }
    }

    pub(super) fn start_row(&mut self) {
        self.rows.push(Vec::new());
    }

    pub(super) fn end_head(&mut self) {
        self.head_rows = self.rows.len();
    }

    /// The table's lines, without a line feed at the end.
    pub(super) fn lines(&self) -> String {
        let widths = self.widths();
        let mut lines = String::new();
        for (number, row) in self.rows.iter().enumerate() {
            if number > 0 {
                lines.push('\n');
            }
            push_row(&mut lines, row, &widths);
            if number + 1 == self.head_rows {
                lines.push('\n');
                push_rule(&mut lines, &widths);
            }
        }
        lines
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths: Vec<usize> = Vec::new();
        for row in &self.rows {
            widths.resize(widths.len().max(row.len()), 1);
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count().min(COLUMN_CHARACTERS_MAX));
            }
        }
        let padded = self.rows.len() * widths.iter().map(|width| width + 3).sum::<usize>();
        let bare: usize = self.rows.iter().flatten().map(|cell| cell.len() + 3).sum();
        if padded > PADDING_FACTOR_MAX * bare {
            widths.fill(1);
        }
        widths
    }
}

fn push_row(lines: &mut String, row: &[String], widths: &[usize]) {
    // Empty cells at the end of a row are not padded: the parser fills up short rows with them.
    let used = row.iter().rposition(|cell| !cell.is_empty()).map_or(0, |position| position + 1);
    for (number, (cell, width)) in row.iter().zip(widths).take(used).enumerate() {
        if number > 0 {
            lines.push_str(" | ");
        }
        lines.push_str(cell);
        if number + 1 < used {
            let padding = width.saturating_sub(cell.chars().count());
            lines.extend(std::iter::repeat_n(' ', padding));
        }
    }
}

fn push_rule(lines: &mut String, widths: &[usize]) {
    for (number, width) in widths.iter().enumerate() {
        if number > 0 {
            lines.push_str("-+-");
        }
        lines.extend(std::iter::repeat_n('-', *width));
    }
}
