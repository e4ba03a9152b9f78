//! The supervision tree: what happens between an inbound row and a sent reply.
//!
//! ```text
//! tenants ── overseer × tenant ── channel × connection
//!    │                         └─ subagent × running turn
//!    ├─ metering
//!    └─ clock
//! ```
//!
//! Each actor is a folder: `decide.rs` holds pure decisions, `actor.rs` the thin shell around them,
//! `handle.rs` what others may ask of it. What does not belong here: SQL, HTTP, and the name of any
//! platform or model vendor; those are behind the ports of the domain.

mod channel;
mod clock;
mod command;
mod connections;
mod ingress;
mod lanes;
mod metering;
mod overseer;
mod patience;
mod services;
mod settings;
mod shared;
mod subagent;
mod supervision;
mod system;
mod tenants;

pub use services::Services;
pub use settings::ActorSettings;
pub use supervision::RestartPolicy;
pub use system::{System, SystemError};
