//! Text to tokens.

use super::evaluate::CalculationError;
use super::number::Number;

/// One piece of an expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Number(Number),
    Name(String),
    Sign(char),
}

/// Splits an expression. Its length is checked by the caller.
pub(super) fn split(text: &str) -> Result<Vec<Token>, CalculationError> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '0'..='9' | '.' => number(rest)?,
            'a'..='z' | 'A'..='Z' => name(rest),
            _ if rest.starts_with("**") => (Token::Sign('^'), 2),
            _ => (Token::Sign(sign(first)?), first.len_utf8()),
        };
        tokens.push(token);
        rest = rest.get(length..).unwrap_or_default().trim_start();
    }
    Ok(tokens)
}

fn sign(character: char) -> Result<char, CalculationError> {
    match character {
        '+' | '-' | '*' | '/' | '%' | '^' | '(' | ')' | ',' => Ok(character),
        '×' | '·' => Ok('*'),
        '÷' => Ok('/'),
        '−' | '–' => Ok('-'),
        _ => Err(CalculationError::Character(character)),
    }
}

fn name(text: &str) -> (Token, usize) {
    let length =
        text.find(|character: char| !character.is_ascii_alphanumeric()).unwrap_or(text.len());
    let name = text.get(..length).unwrap_or_default().to_ascii_lowercase();
    (Token::Name(name), length)
}

/// Digits with an optional fraction and exponent; `_` groups digits.
fn number(text: &str) -> Result<(Token, usize), CalculationError> {
    let mut length = 0;
    let mut previous = ' ';
    for character in text.chars() {
        let exponent_sign = matches!(character, '+' | '-') && matches!(previous, 'e' | 'E');
        let exponent = matches!(character, 'e' | 'E')
            && text
                .get(length + 1..)
                .and_then(|rest| rest.trim_start_matches(['+', '-']).chars().next())
                .is_some_and(|next| next.is_ascii_digit());
        if !(character.is_ascii_digit()
            || matches!(character, '.' | '_')
            || exponent
            || exponent_sign)
        {
            break;
        }
        length += character.len_utf8();
        previous = character;
    }
    let literal = text.get(..length).unwrap_or_default().replace('_', "");
    Number::parse(&literal)
        .map(|number| (Token::Number(number), length))
        .ok_or(CalculationError::Number(literal))
}
