//! What an agent may do: the tools that are built in.
//!
//! Each tool is one folder with its schema, its limits and its tests, and one line in [`Tools`].
//! What does *not* belong here: who may use which tool (the agent's profile says so), the journal
//! around a call, and anything with a side effect that a repeat would double.

mod arguments;
mod calculator;
mod result;
mod time;
mod toolbox;

pub use arguments::ARGUMENTS_BYTES_MAX;
pub use calculator::{CalculationError, EXPRESSION_BYTES_MAX, EXPRESSION_DEPTH_MAX, calculate};
pub use result::RESULT_BYTES_MAX;
pub use toolbox::Tools;
