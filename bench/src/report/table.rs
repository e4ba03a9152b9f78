//! The table that people read.

use super::figure::{Figure, Judged, Promise, Report};
use std::fmt::Write as _;

const HEAD: [&str; 7] = ["", "figure", "value", "ceiling", "ratio", "promise", "met"];

/// Above it, others disturb what is measured.
const BUSY_PERCENT_MAX: f64 = 10.0;

impl Report {
    /// The whole report as text.
    pub fn to_table(&self) -> String {
        let mut rows = vec![HEAD.map(str::to_owned)];
        rows.extend(self.figures.iter().map(cells));
        let mut widths = [0; HEAD.len()];
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let mut text = self.machine.to_string();
        if self.quick {
            text.push_str("\nA quick look: short windows, one repetition each.");
        }
        if self.machine.busy_percent > BUSY_PERCENT_MAX {
            text.push_str("\nOthers used this machine: figures of this run are not to be quoted.");
        }
        text.push_str("\n\n");
        for (number, row) in rows.iter().enumerate() {
            push_row(&mut text, row, &widths);
            if number == 0 {
                let rules: [String; HEAD.len()] = std::array::from_fn(|column| {
                    "-".repeat(widths.get(column).copied().unwrap_or(0))
                });
                push_row(&mut text, &rules, &widths);
            }
        }
        self.push_notes(&mut text);
        text
    }

    fn push_notes(&self, text: &mut String) {
        let noted = self.figures.iter().filter(|figure| !figure.note.is_empty());
        for (number, figure) in noted.enumerate() {
            if number == 0 {
                text.push('\n');
            }
            // Writing to a String cannot fail.
            let _infallible = writeln!(text, "{} {}: {}", figure.id, figure.name, figure.note);
        }
        for failure in &self.failures {
            let _infallible = writeln!(text, "\nNOT MEASURED {failure}");
        }
    }
}

/// Names to the left, numbers to the right.
fn push_row(text: &mut String, row: &[String], widths: &[usize]) {
    let mut line = String::new();
    for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
        let _infallible = match column {
            0 | 1 | 5 | 6 => write!(line, "{cell:<width$}  "),
            _ => write!(line, "{cell:>width$}  "),
        };
    }
    text.push_str(line.trim_end());
    text.push('\n');
}

fn cells(figure: &Figure) -> [String; HEAD.len()] {
    let amount = |number: f64| format!("{} {}", shown(number), figure.unit);
    [
        figure.id.to_owned(),
        figure.name.clone(),
        amount(figure.value).trim_end().to_owned(),
        figure.ceiling.map(|ceiling| amount(ceiling).trim_end().to_owned()).unwrap_or_default(),
        figure.ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
        figure.promise.map(|promise| promised(&promise, figure.unit)).unwrap_or_default(),
        match figure.met {
            Some(true) => "yes".to_owned(),
            Some(false) => "NO".to_owned(),
            None => String::new(),
        },
    ]
}

fn promised(promise: &Promise, unit: &str) -> String {
    let (sign, bound) = match (promise.at_least, promise.at_most) {
        (Some(bound), _) => ("≥", bound),
        (None, Some(bound)) => ("≤", bound),
        (None, None) => return String::new(),
    };
    match promise.of {
        Judged::Value => format!("{sign} {} {unit}", shown(bound)).trim_end().to_owned(),
        Judged::Ratio => format!("ratio {sign} {bound}"),
    }
}

/// Three significant digits, and whole numbers from 100 on.
pub(super) fn shown(number: f64) -> String {
    let size = number.abs();
    if size >= 100.0 {
        format!("{number:.0}")
    } else if size >= 10.0 {
        format!("{number:.1}")
    } else {
        format!("{number:.2}")
    }
}
