//! What is measured, one file per group of figures, and the run over all of them.
//!
//! A file sets its stage, applies load, and hands over figures; a group that cannot be measured is
//! reported as such and does not stop the others. What does *not* belong here: how load is made,
//! and how figures are shown.

mod bench;
mod cost;
mod growth;
mod ingest;
mod memory;
mod overhead;
mod run;
mod start;
mod turns;

pub use bench::Bench;
pub use run::run;
