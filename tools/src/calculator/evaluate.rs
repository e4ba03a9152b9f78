//! Tokens to a number, by recursive descent with a depth limit. Every operation is constant time,
//! so the whole is linear in the length of the text.

use super::number::Number;
use super::token::{Token, split};

/// The longest expression.
pub const EXPRESSION_BYTES_MAX: usize = 1000;
/// How deep parentheses, signs and powers may nest.
pub const EXPRESSION_DEPTH_MAX: usize = 64;
/// Arguments of `min` and `max`.
const FUNCTION_ARGUMENTS_MAX: usize = 100;

/// Why an expression has no value. The text goes to the model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalculationError {
    /// Over [`EXPRESSION_BYTES_MAX`].
    #[error("the expression is longer than {EXPRESSION_BYTES_MAX} bytes")]
    TooLong,
    /// Over [`EXPRESSION_DEPTH_MAX`].
    #[error("the expression nests deeper than {EXPRESSION_DEPTH_MAX} levels")]
    TooDeep,
    /// A character that is no part of any expression.
    #[error("unexpected character `{0}`")]
    Character(char),
    /// Digits that are no number.
    #[error("not a number: `{0}`")]
    Number(String),
    /// A name that is neither a function nor a constant.
    #[error("unknown name `{0}`")]
    Name(String),
    /// A function with too few or too many arguments.
    #[error("wrong number of arguments for `{0}`")]
    Arguments(String),
    /// The expression stops early.
    #[error("the expression is incomplete")]
    Incomplete,
    /// Something stands where it cannot.
    #[error("unexpected {0}")]
    Unexpected(String),
    /// Division or remainder by zero.
    #[error("division by zero")]
    DivisionByZero,
    /// Beyond floating point.
    #[error("the result is too large")]
    TooLarge,
    /// For example the root of a negative number.
    #[error("the result is not a real number")]
    NotReal,
}

/// Works out an expression and writes its value as digits.
pub fn calculate(expression: &str) -> Result<String, CalculationError> {
    if expression.len() > EXPRESSION_BYTES_MAX {
        return Err(CalculationError::TooLong);
    }
    let tokens = split(expression)?;
    let mut parser = Parser { tokens: tokens.into_iter().peekable(), depth: 0 };
    let value = parser.sum()?;
    match parser.tokens.next() {
        None => Ok(value.show()),
        Some(token) => Err(unexpected(&token)),
    }
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    depth: usize,
}

impl Parser {
    fn sum(&mut self) -> Result<Number, CalculationError> {
        let mut left = self.product()?;
        while let Some(sign) = self.take_sign(&['+', '-']) {
            let right = self.product()?;
            left = real(match sign {
                '+' => left.combine(right, i128::checked_add, |a, b| a + b),
                _ => left.combine(right, i128::checked_sub, |a, b| a - b),
            })?;
        }
        Ok(left)
    }

    fn product(&mut self) -> Result<Number, CalculationError> {
        let mut left = self.unary()?;
        while let Some(sign) = self.take_sign(&['*', '/', '%']) {
            let right = self.unary()?;
            if sign != '*' && right.is_zero() {
                return Err(CalculationError::DivisionByZero);
            }
            left = real(match sign {
                '*' => left.combine(right, i128::checked_mul, |a, b| a * b),
                '/' => left.combine(right, divide_evenly, |a, b| a / b),
                _ => left.combine(right, i128::checked_rem, |a, b| a % b),
            })?;
        }
        Ok(left)
    }

    /// Signs bind less than powers: `-2^2` is -4.
    fn unary(&mut self) -> Result<Number, CalculationError> {
        self.nested(|parser| match parser.take_sign(&['+', '-']) {
            Some('-') => {
                let value = parser.unary()?;
                Ok(Number::Whole(0).combine(value, i128::checked_sub, |_, b| -b))
            }
            Some(_) => parser.unary(),
            None => parser.power(),
        })
    }

    /// To the right: `2^3^2` is 2^9.
    fn power(&mut self) -> Result<Number, CalculationError> {
        let base = self.atom()?;
        if self.take_sign(&['^']).is_none() {
            return Ok(base);
        }
        let exponent = self.unary()?;
        if base.is_zero() && exponent.real() < 0.0 {
            return Err(CalculationError::DivisionByZero);
        }
        real(base.combine(
            exponent,
            |a, b| u32::try_from(b).ok().and_then(|b| a.checked_pow(b)),
            f64::powf,
        ))
    }

    fn atom(&mut self) -> Result<Number, CalculationError> {
        match self.tokens.next() {
            Some(Token::Number(number)) => Ok(number),
            Some(Token::Sign('(')) => {
                let value = self.sum()?;
                self.expect(')')?;
                Ok(value)
            }
            Some(Token::Name(name)) => self.named(&name),
            Some(token) => Err(unexpected(&token)),
            None => Err(CalculationError::Incomplete),
        }
    }

    fn named(&mut self, name: &str) -> Result<Number, CalculationError> {
        match name {
            "pi" => return Ok(Number::Real(std::f64::consts::PI)),
            "e" => return Ok(Number::Real(std::f64::consts::E)),
            _ => self.expect('(').map_err(|error| match error {
                CalculationError::Incomplete => CalculationError::Name(name.to_owned()),
                other => other,
            })?,
        }
        let mut arguments = vec![self.sum()?];
        while self.take_sign(&[',']).is_some() {
            if arguments.len() == FUNCTION_ARGUMENTS_MAX {
                return Err(CalculationError::Arguments(name.to_owned()));
            }
            arguments.push(self.sum()?);
        }
        self.expect(')')?;
        real(apply(name, &arguments)?)
    }

    fn nested<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<T, CalculationError>,
    ) -> Result<T, CalculationError> {
        if self.depth == EXPRESSION_DEPTH_MAX {
            return Err(CalculationError::TooDeep);
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    fn take_sign(&mut self, signs: &[char]) -> Option<char> {
        let token = self
            .tokens
            .next_if(|token| matches!(token, Token::Sign(sign) if signs.contains(sign)))?;
        match token {
            Token::Sign(sign) => Some(sign),
            Token::Number(_) | Token::Name(_) => None,
        }
    }

    fn expect(&mut self, sign: char) -> Result<(), CalculationError> {
        match self.tokens.next() {
            Some(Token::Sign(found)) if found == sign => Ok(()),
            Some(token) => Err(unexpected(&token)),
            None => Err(CalculationError::Incomplete),
        }
    }
}

fn apply(name: &str, arguments: &[Number]) -> Result<Number, CalculationError> {
    let wrong = || CalculationError::Arguments(name.to_owned());
    if let "min" | "max" = name {
        let keep_left =
            |left: Number, right: Number| (left.real() <= right.real()) == (name == "min");
        return arguments
            .iter()
            .copied()
            .reduce(|left, right| if keep_left(left, right) { left } else { right })
            .ok_or_else(wrong);
    }
    let [argument] = arguments else {
        return Err(if is_function(name) {
            wrong()
        } else {
            CalculationError::Name(name.to_owned())
        });
    };
    let value = argument.real();
    Ok(match (name, *argument) {
        ("round" | "floor" | "ceil", whole @ Number::Whole(_)) => whole,
        ("abs", Number::Whole(whole)) => {
            whole.checked_abs().map_or(Number::Real(value.abs()), Number::Whole)
        }
        ("abs", Number::Real(_)) => Number::Real(value.abs()),
        ("round", _) => Number::whole(value.round()),
        ("floor", _) => Number::whole(value.floor()),
        ("ceil", _) => Number::whole(value.ceil()),
        ("sqrt", _) => root(value),
        ("ln", _) => Number::Real(value.ln()),
        ("log10" | "log", _) => Number::Real(value.log10()),
        ("exp", _) => Number::Real(value.exp()),
        ("sin", _) => Number::Real(value.sin()),
        ("cos", _) => Number::Real(value.cos()),
        ("tan", _) => Number::Real(value.tan()),
        _ => return Err(CalculationError::Name(name.to_owned())),
    })
}

fn is_function(name: &str) -> bool {
    ["abs", "round", "floor", "ceil", "sqrt", "ln", "log10", "log", "exp", "sin", "cos", "tan"]
        .contains(&name)
}

/// Whole where the root of a whole number is one.
fn root(value: f64) -> Number {
    let root = value.sqrt();
    match Number::whole(root) {
        Number::Whole(whole)
            if whole.checked_mul(whole).map(Number::Whole).map(Number::real) == Some(value) =>
        {
            Number::Whole(whole)
        }
        _ => Number::Real(root),
    }
}

fn divide_evenly(left: i128, right: i128) -> Option<i128> {
    (left.checked_rem(right)? == 0).then(|| left.checked_div(right)).flatten()
}

fn real(number: Number) -> Result<Number, CalculationError> {
    match number {
        Number::Real(value) if value.is_nan() => Err(CalculationError::NotReal),
        Number::Real(value) if value.is_infinite() => Err(CalculationError::TooLarge),
        _ => Ok(number),
    }
}

fn unexpected(token: &Token) -> CalculationError {
    CalculationError::Unexpected(match token {
        Token::Number(number) => format!("number {}", number.show()),
        Token::Name(name) => format!("name `{name}`"),
        Token::Sign(sign) => format!("`{sign}`"),
    })
}
