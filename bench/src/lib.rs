//! The benchmarks that the promised figures come from, each beside its ceiling, measured in the same
//! run on the same machine: absolute figures depend on the machine, ratios hardly do.
//!
//! The subject is the shipped binary (release build, without kill points) in its own process. The
//! ceilings are bare programs in processes of their own ([`ceiling`]) that make the same
//! statements and the same calls and nothing else. Load generator, platform and model are this
//! process. Everything is on loopback and bounded in count and time. What does *not* belong here:
//! tests of what is right (they live in `tests/`), and anything that the shipped binary links.
#![expect(
    clippy::disallowed_methods,
    reason = "a benchmark stands outside the runtime: it makes its own ids and spawns tasks itself"
)]

pub mod ceiling;
pub mod figures;
pub mod load;
pub mod machine;
pub mod options;
pub mod outside;
pub mod progress;
pub mod report;
pub mod stage;
pub mod statistics;
