//! What a text asks for: the time, a sum, or neither.

use serde_json::{Value, json};

/// The longest text that is searched for a question.
const SEARCHED_BYTES_MAX: usize = 500;
/// The shortest sum is `1+1`.
const SUM_BYTES_MIN: usize = 3;

/// The arguments for `time`, when the text asks for it.
pub(super) fn time(text: &str) -> Option<Value> {
    let text = searched(text).to_lowercase();
    let asks = [
        "what time",
        "what's the time",
        "what is the time",
        "the time is it",
        "current time",
        "time is it",
        "what day",
        "what date",
        "what is the date",
        "what's the date",
        "today's date",
    ];
    asks.iter()
        .any(|phrase| text.contains(phrase))
        .then(|| offset(&text).map_or_else(|| json!({}), |offset| json!({ "utc_offset": offset })))
}

/// `utc+2`, `gmt-05:30`, as the tool wants it.
fn offset(text: &str) -> Option<String> {
    let after =
        ["utc", "gmt"].iter().find_map(|zone| text.split_once(zone).map(|(_, after)| after))?;
    let length = after
        .find(|character: char| !matches!(character, '+' | '-' | ':' | '0'..='9'))
        .unwrap_or(after.len());
    let (sign, digits) = after.get(..length)?.split_at_checked(1)?;
    let (hours, minutes) = digits.split_once(':').unwrap_or((digits, "00"));
    let hours: u8 = hours.parse().ok()?;
    let minutes: u8 = minutes.parse().ok()?;
    (matches!(sign, "+" | "-") && hours <= 14 && minutes < 60)
        .then(|| format!("{sign}{hours:02}:{minutes:02}"))
}

/// The arguments for `calculator`, when the text holds a sum: the longest run of digits, signs and
/// brackets that has an operator between two digits and is not a date or a telephone number.
pub(super) fn sum(text: &str) -> Option<Value> {
    let is_part = |character: char| {
        character.is_ascii_digit()
            || matches!(
                character,
                '.' | ' ' | '+' | '-' | '*' | '/' | '%' | '^' | '(' | ')' | '×' | '÷'
            )
    };
    searched(text)
        .split(|character: char| !is_part(character))
        .map(|run| run.trim().trim_end_matches(['.', '-']).trim())
        .filter(|run| run.len() >= SUM_BYTES_MIN && is_sum(run))
        .max_by_key(|run| run.len())
        .map(|run| json!({ "expression": run }))
}

fn is_sum(run: &str) -> bool {
    let is_operator =
        |character: char| matches!(character, '+' | '-' | '*' | '/' | '%' | '^' | '×' | '÷');
    let operators = run.chars().filter(|character| is_operator(*character)).count();
    let only = |wanted: char| {
        run.chars().filter(|character| is_operator(*character)).all(|character| character == wanted)
    };
    let unspaced = !run.contains(' ');
    // 2026-11-20, 20/11/2026, +49 30 123.
    let looks_like_a_date = operators == 2 && unspaced && (only('-') || only('/'));
    let starts = run.starts_with(|character: char| {
        character.is_ascii_digit() || matches!(character, '(' | '-')
    });
    let between = run.char_indices().any(|(index, character)| {
        is_operator(character)
            && run
                .get(..index)
                .is_some_and(|before| before.contains(|digit: char| digit.is_ascii_digit()))
            && run
                .get(index + character.len_utf8()..)
                .is_some_and(|after| after.contains(|digit: char| digit.is_ascii_digit()))
    });
    starts && between && !looks_like_a_date
}

fn searched(text: &str) -> &str {
    text.get(..text.floor_char_boundary(SEARCHED_BYTES_MAX)).unwrap_or(text)
}
