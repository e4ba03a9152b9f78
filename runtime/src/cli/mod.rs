//! The command line: what can be asked, in one place, and each command in a file of its own.
//!
//! Results go to standard output and nothing else does. Exit codes: 0 done, 1 failed, 2 what was
//! given is wrong (one line per fault). What does not belong here: the work itself.

mod apply;
mod arguments;
mod completions;
mod config;
mod dead_letters;
mod doctor;
mod failure;
mod key;
mod local;
mod migrate;
mod run;

#[cfg(test)]
mod tests;

pub use failure::Failure;
pub use run::main;
