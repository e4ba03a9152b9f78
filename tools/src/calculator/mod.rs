//! The `calculator` tool: exact whole numbers up to 128 bits, floating point beyond and between.
//!
//! The evaluator is our own and small because its cost must be bounded by the length of its input:
//! general-purpose calculators compute huge powers, shifts and factorials that no interrupt stops.
//! What does *not* belong here: units, currencies, dates, random numbers, variables.

mod evaluate;
mod number;
mod token;
mod tool;

#[cfg(test)]
mod tests;

pub use evaluate::{CalculationError, EXPRESSION_BYTES_MAX, EXPRESSION_DEPTH_MAX, calculate};
pub(crate) use tool::Calculator;
