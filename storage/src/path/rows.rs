//! Input rows of the lanes' statements, and what the statements report.

use super::part::Part;
use bytes::Bytes;
use rookery_domain::session::Message;
use uuid::Uuid;

/// One value of an input row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Uuid(Option<Uuid>),
    Int(Option<i64>),
    Text(Option<String>),
    Bytes(Bytes),
    Flag(bool),
}

impl From<Uuid> for Cell {
    fn from(value: Uuid) -> Self {
        Self::Uuid(Some(value))
    }
}

impl From<Option<Uuid>> for Cell {
    fn from(value: Option<Uuid>) -> Self {
        Self::Uuid(value)
    }
}

impl From<i64> for Cell {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}

impl From<Option<i64>> for Cell {
    fn from(value: Option<i64>) -> Self {
        Self::Int(value)
    }
}

impl From<String> for Cell {
    fn from(value: String) -> Self {
        Self::Text(Some(storable(value)))
    }
}

impl From<&str> for Cell {
    fn from(value: &str) -> Self {
        Self::from(value.to_owned())
    }
}

impl From<Option<String>> for Cell {
    fn from(value: Option<String>) -> Self {
        Self::Text(value.map(storable))
    }
}

/// PostgreSQL takes every character but NUL. The raw payload keeps what was really sent.
fn storable(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

impl From<Bytes> for Cell {
    fn from(value: Bytes) -> Self {
        Self::Bytes(value)
    }
}

impl From<bool> for Cell {
    fn from(value: bool) -> Self {
        Self::Flag(value)
    }
}

/// A row, in the order of its part's columns.
pub(super) type Row = Vec<Cell>;

/// One statement with its rows.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) part: Part,
    pub(super) rows: Vec<&'a Row>,
}

/// What the statements of one run reported.
#[derive(Debug, Default)]
pub(super) struct Report {
    rows: Vec<(Part, Uuid, i64)>,
    /// Newest first within a session.
    pub(super) history: Vec<Message>,
    /// The statement itself looked at the lease, and another owner has the tenant.
    pub(super) is_fenced: bool,
}

impl Report {
    pub(super) fn add(&mut self, part: Part, id: Uuid, n: i64) {
        self.rows.push((part, id, n));
    }

    /// Takes in what a later run reported.
    pub(super) fn absorb(&mut self, later: Self) {
        self.rows.extend(later.rows);
        self.history.extend(later.history);
    }

    /// The number that a part reported with an id.
    pub(super) fn number(&self, part: Part, id: Uuid) -> Option<i64> {
        let found = self.rows.iter().find(|row| row.0 == part && row.1 == id);
        found.map(|row| row.2)
    }

    /// The id that a part reported with a number.
    pub(super) fn id(&self, part: Part, number: i64) -> Option<Uuid> {
        let found = self.rows.iter().find(|row| row.0 == part && row.2 == number);
        found.map(|row| row.1)
    }

    /// Every id that a part reported.
    pub(super) fn ids(&self, part: Part) -> impl Iterator<Item = Uuid> {
        self.rows.iter().filter(move |row| row.0 == part).map(|row| row.1)
    }
}
