//! `rookery serve`: start, run, end.
//!
//! The order of the start: refuse what cannot work → data directory → database, locked and
//! migrated → listeners bound → tree started → admin socket → ready. The order of the end: not
//! ready → no new connections → running turns finish within the budget → database closed. A
//! SIGKILL at any moment of either is safe: the store is the truth.

mod data_dir;
mod listener;
mod run;
mod run_file;
mod server;
mod shutdown;
mod welcome;

pub(crate) use data_dir::prepare as prepare_data_dir;
#[cfg(test)]
pub(crate) use listener::{ListenerSettings, serve as serve_on};
pub use run::run;
