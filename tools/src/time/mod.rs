//! The `time` tool: what time it is, in UTC or at a fixed offset from it.
//!
//! What does *not* belong here: time zones by name. They need a database that ages; a model knows
//! the offset of a place well enough to pass it.

mod tool;

#[cfg(test)]
mod tests;

pub(crate) use tool::CurrentTime;
