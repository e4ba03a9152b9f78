//! The ceilings: bare programs that make the same statements on the same tables, in groups as ours,
//! and the same calls, and nothing else: no actors, no limits, no recovery, no policies.
//!
//! They are this executable under a hidden command, each in a process of its own, so that they
//! share the machine with load and database exactly as the subject does. What does *not* belong
//! here: anything that the promises are about; a ceiling keeps none of them.

mod batch;
mod child;
mod ingest;
mod program;
mod settle;
mod statements;
mod turns;
mod update;

pub use child::Ceiling;
pub use program::serve;
