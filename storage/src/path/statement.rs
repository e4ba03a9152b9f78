//! Composes the text of a lane's statements, and remembers it: a text that stays the same is
//! prepared once.

use super::part::{Definition, GUARD_COLUMN, Kind, Part};
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

/// Texts remembered per lane; beyond that all are forgotten and composed anew.
const TEXTS_MAX: usize = 512;

/// Columns that only the history has, as the other parts answer them.
const NO_HISTORY: &str = ", NULL::uuid, NULL::uuid, NULL::uuid, NULL::bigint, NULL::text, \
     NULL::text, NULL::text, NULL::text";

/// Holds the ownership row against a claim for as long as the statement writes. It is waited for, and
/// looked at again, where a claim is just being made.
const FENCE: &str = "fence AS MATERIALIZED (SELECT tenant_id AS id, CAST(0 AS bigint) AS n \
     FROM ownership WHERE tenant_id = $1 AND owner = $2 AND epoch = $3 FOR SHARE)";

/// Values that the fence takes.
const FENCE_VALUES: usize = 3;

/// What identifies a text: the parts of a PostgreSQL statement, or a part and its number of rows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Shape {
    Together(Vec<Part>),
    /// The same under a lease, which the statement checks and holds.
    Fenced(Vec<Part>),
    Rows(Part, usize),
}

/// The texts composed so far.
#[derive(Debug, Default)]
pub(super) struct Texts(HashMap<Shape, Arc<str>>);

impl Texts {
    pub(super) fn get(&mut self, shape: Shape) -> SqlStr {
        if let Some(text) = self.0.get(&shape) {
            return AssertSqlSafe(Arc::clone(text)).into_sql_str();
        }
        if self.0.len() >= TEXTS_MAX {
            self.0.clear();
        }
        let text: Arc<str> = match &shape {
            Shape::Together(parts) => postgres(parts, false).into(),
            Shape::Fenced(parts) => postgres(parts, true).into(),
            Shape::Rows(part, rows) => sqlite(*part, *rows).into(),
        };
        self.0.insert(shape, Arc::clone(&text));
        AssertSqlSafe(text).into_sql_str()
    }
}

/// All parts as one statement: each a common table expression over its arrays, and what they
/// report as one answer of `(place of the part, id, n, …)`. With a fence the first three values are
/// the lease; without its row nothing is written but what needs none, and the answer has no row of
/// the place behind the last part.
fn postgres(parts: &[Part], is_fenced: bool) -> String {
    let ends_turns = parts.contains(&Part::TurnEnds);
    let has_history = parts.contains(&Part::History);
    let guard = if ends_turns {
        format!(" AND ({GUARD_COLUMN} IS NULL OR {GUARD_COLUMN} IN (SELECT id FROM turn_ends))")
    } else {
        String::new()
    };
    let mut expressions = Vec::with_capacity(parts.len() * 2);
    let mut answers = Vec::with_capacity(parts.len());
    let mut bound = 0_usize;
    if is_fenced {
        expressions.push(FENCE.to_owned());
        let rest = if has_history { NO_HISTORY } else { "" };
        answers.push(format!("SELECT {} AS part, id, n{rest} FROM fence", parts.len()));
        bound = FENCE_VALUES;
    }
    for (place, part) in parts.iter().enumerate() {
        let definition = part.definition();
        let name = definition.name;
        let input = format!("{name}_in");
        let held =
            if is_fenced && part.needs_lease() { " WHERE EXISTS (SELECT FROM fence)" } else { "" };
        expressions.push(format!(
            "{input}({}) AS (SELECT * FROM unnest({}){held})",
            column_names(definition),
            arrays(definition, &mut bound)
        ));
        let body = definition
            .postgres
            .unwrap_or(definition.body)
            .replace("{input}", &input)
            .replace("{guard}", &guard);
        expressions.push(format!("{name} AS ({body})"));
        if *part == Part::History {
            answers.push(format!("SELECT {place} AS part, {name}.* FROM {name}"));
        } else if definition.reports {
            let rest = if has_history { NO_HISTORY } else { "" };
            answers.push(format!("SELECT {place} AS part, id, n{rest} FROM {name}"));
        }
    }
    if answers.is_empty() {
        answers.push("SELECT 0 AS part, NULL::uuid AS id, 0::bigint AS n WHERE false".to_owned());
    }
    format!("WITH {} {}", expressions.join(", "), answers.join(" UNION ALL "))
}

fn column_names(definition: &Definition) -> String {
    let names: Vec<&str> = definition.columns.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}

fn arrays(definition: &Definition, bound: &mut usize) -> String {
    let mut text = String::new();
    for (index, (_, kind)) in definition.columns.iter().enumerate() {
        *bound += 1;
        let separator = if index == 0 { "" } else { ", " };
        let array = match kind {
            Kind::Uuid => "uuid",
            Kind::Int => "int8",
            Kind::Text => "text",
            Kind::Bytes => "bytea",
            Kind::Flag => "bool",
        };
        // Writing to a String cannot fail.
        let _infallible = write!(text, "{separator}${bound}::{array}[]");
    }
    text
}

/// One part over a number of rows. Rows whose guard fails are left out before it is run.
fn sqlite(part: Part, rows: usize) -> String {
    let definition = part.definition();
    let row = format!("({})", vec!["?"; part.width()].join(", "));
    let values = vec![row; rows].join(", ");
    let body = definition.body.replace("{input}", "input_rows").replace("{guard}", "");
    format!("WITH input_rows({}) AS (VALUES {values}) {body}", column_names(definition))
}
