//! The harness of the whole-system tests: fakes of what is outside (chat platforms, language
//! models), a private PostgreSQL, a launcher of the real binary, and a checker that judges the
//! history of a run.
//!
//! Fakes exist only at the vendors' HTTP edge; everything between is the real program. What does
//! *not* belong here: tests of one crate (they live beside its modules) and anything that the
//! shipped binary links.
#![expect(
    clippy::disallowed_methods,
    reason = "the harness stands outside the runtime: it reads the clock, spawns tasks and looks at the environment itself"
)]

pub mod build;
pub mod checker;
pub mod client;
pub mod counterpart;
pub mod fake;
pub mod history;
pub mod kill;
pub mod launch;
pub mod postgres;
pub mod random;
pub mod system;
