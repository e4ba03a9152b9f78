//! The composition root: command line, configuration, wiring, listeners, start and end of the one
//! binary. Everything else is a library behind a port.
//!
//! `wiring` is the one module that names concrete types across crates; `config` is the one that
//! reads the environment; `system` holds the one real clock, id source and randomness. What does
//! *not* belong here: anything that decides about a message.

pub mod admin;
pub mod cli;
pub mod config;
pub mod doctor;
mod http_clients;
#[cfg(feature = "kill-points")]
mod kill_points;
mod logging;
mod metrics;
mod output;
pub mod serve;
mod system;
#[cfg(test)]
mod testing;
mod tls;
mod wiring;

pub use system::{OsRandom, SystemClock, SystemIds};
pub use tls::choose_provider as choose_tls_provider;
